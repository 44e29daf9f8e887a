// Who is compared: bunker, the peers on bundles of the same container, the kernel's floor, and two
// programs that do nothing.

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { runArguments, type Seccomp, writeBundle } from "./bundle.ts";
import { PATH, type Program, runOnce } from "./child.ts";

export interface Subject {
  /** What the bars and the JSON file call it. */
  readonly key: string;
  readonly title: string;
  readonly program: Program;
  /** Done before each run, outside its time. */
  readonly before?: () => void;
}

/** The folders and files of one bench. */
export interface Place {
  /** On disk: bundles, programs. */
  readonly work: string;
  /** In memory, as /run is: the state of the runtimes. */
  readonly state: string;
  readonly bunker: string;
  readonly rootfs: string;
}

export interface Lineup {
  readonly subjects: readonly Subject[];
  /** Why somebody is missing: a line each. */
  readonly absent: readonly string[];
}

const COMMAND = ["/bin/true"];

/** Everybody who can run here, each having run once. @throws where bunker itself does not run */
export async function listSubjects(place: Place): Promise<Lineup> {
  const absent: string[] = [];
  const subjects = [
    bunkerSubject(place, "bunker", "default seccomp", "default"),
    bunkerSubject(place, "bunker-open", "unconfined", "unconfined"),
    ...(await peerSubjects(place, absent)),
    floorSubject(place, absent),
    emptySubject(place, absent),
    trueSubject(place),
  ].filter((subject) => subject !== undefined);
  for (const subject of subjects) {
    subject.before?.();
    runOnce(subject.program);
  }
  return { subjects: [...subjects, ...coldSubjects(place, subjects)], absent };
}

/** A program with a clean environment. */
export function makeProgram(place: Place, argv: readonly string[]): Program {
  return {
    argv,
    env: [PATH, `BUNKER_RUN=${place.state}/bunker`],
    stderr: `${place.work}/stderr`,
  };
}

/** bunker with what is to be run. */
export function bunkerProgram(
  place: Place,
  seccomp: Seccomp,
  command: readonly string[] = COMMAND,
): Program {
  return makeProgram(place, [place.bunker, ...runArguments(place.rootfs, seccomp, command)]);
}

function bunkerSubject(place: Place, key: string, variant: string, seccomp: Seccomp): Subject {
  return { key, title: `bunker run, ${variant}`, program: bunkerProgram(place, seccomp) };
}

async function peerSubjects(place: Place, absent: string[]): Promise<Subject[]> {
  const unconfined = runArguments(place.rootfs, "unconfined", COMMAND);
  const bundles = {
    "": await writeBundle(place.work, "bench-default", unconfined, true),
    "-open": await writeBundle(place.work, "bench-open", unconfined, false),
  };
  const subjects: Subject[] = [];
  for (const name of ["crun", "runc"]) {
    const path = Bun.which(name);
    if (path === null) {
      absent.push(`${name}: not installed`);
      continue;
    }
    for (const [suffix, bundle] of Object.entries(bundles)) {
      const variant = suffix === "" ? "default seccomp" : "unconfined";
      const argv = [path, "--root", `${place.state}/${name}`, "run", "-b", bundle, `b${suffix}`];
      const program = makeProgram(place, argv);
      subjects.push({ key: name + suffix, title: `${name} run, ${variant}`, program });
    }
  }
  return subjects;
}

/**
 * crun 1.7 and later, where it was built with libgcrypt (Debian 12's is not), keeps compiled filters
 * beside its state. Then the one that has run before is a warm one, and the first start of a profile
 * after boot is a subject of its own.
 */
function coldSubjects(place: Place, subjects: readonly Subject[]): Subject[] {
  const cache = `${place.state}/crun/.cache`;
  const crun = subjects.find(({ key }) => key === "crun");
  if (crun === undefined || !existsSync(cache)) return [];
  const before = (): void => rmSync(cache, { recursive: true, force: true });
  return [{ ...crun, key: "crun-cold", title: `${crun.title}, its filter not cached`, before }];
}

function floorSubject(place: Place, absent: string[]): Subject | undefined {
  const floor = `${place.work}/floor`;
  const source = `${import.meta.dir}/floor.c`;
  const reason = compile(["gcc", "-O2", "-static", "-o", floor, source]);
  if (reason !== undefined) {
    absent.push(`the floor: ${reason}`);
    return undefined;
  }
  const program = makeProgram(place, [floor, place.rootfs, ...COMMAND]);
  return { key: "floor", title: "the floor: static C, no seccomp", program };
}

/** What bunker's executable costs before a line of bunker runs. */
function emptySubject(place: Place, absent: string[]): Subject | undefined {
  const folder = `${place.work}/empty`;
  mkdirSync(folder);
  writeFileSync(`${folder}/empty.ts`, "export {};\n");
  const flags = "--compile --minify --bytecode --format=esm --compile-jit-policy=100".split(" ");
  for (const name of ["dotenv", "bunfig", "tsconfig", "package-json"]) {
    flags.push(`--no-compile-autoload-${name}`);
  }
  const argv = [process.execPath, "build", ...flags, "--outfile", `${folder}/empty`];
  const reason = compile([...argv, `${folder}/empty.ts`]);
  if (reason !== undefined) {
    absent.push(`the empty program: ${reason}`);
    return undefined;
  }
  const program = makeProgram(place, [`${folder}/empty`]);
  return { key: "empty", title: "an empty compiled Bun program", program };
}

function trueSubject(place: Place): Subject {
  return { key: "true", title: "/bin/true", program: makeProgram(place, COMMAND) };
}

/** Why it could not be compiled; undefined where it could. */
function compile(argv: readonly string[]): string | undefined {
  if (Bun.which(argv[0] ?? "") === null) return `${argv[0]} is not installed`;
  const { exitCode, stderr } = Bun.spawnSync([...argv], { stdin: "ignore" });
  return exitCode === 0 ? undefined : stderr.toString().trim();
}
