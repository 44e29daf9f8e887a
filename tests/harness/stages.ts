// The stages of a whole test run. Each is a value: what it is called and how it is performed.

import { existsSync, readFileSync } from "node:fs";
import { leftSince, takeInventory } from "./leftovers.ts";
import {
  NOTHING,
  PROJECT,
  type Result,
  addResults,
  parseCounts,
  runFiles,
  showLines,
} from "./run-files.ts";
import { isRoot, slowness } from "./tier.ts";

/** A part of the run with counts of its own. */
export interface Stage {
  readonly name: string;
  /** Whether the run fails when this stage has skipped everything it has. */
  readonly mustRun: boolean;
  perform(): Promise<Result>;
}

const TIMEOUT_MS = 20_000;

/** Everything, on this host and in virtual machines; `filter` picks test files by their path. */
export function hostStages(filter: string): readonly Stage[] {
  const root = filesOf("root", filter);
  const blackBox = root.filter(isBlackBox).filter((file) => isAmong(file, FROM_SOURCE));
  return [
    ...(filter === "" ? [check("format", "fmt", "--check"), check("types", "check")] : []),
    stage("pure", filesOf("pure", filter), runFiles),
    stage("namespace", filesOf("namespace", filter), eachOnItsOwn),
    stage("root", root, eachOnItsOwn),
    sourceStage("bun", blackBox),
    sourceStage(
      "deno",
      blackBox.filter((file) => file.includes("smoke")),
    ),
    // QEMU's emulation has made 6.12 panic before (STEADY_GUEST): one of the two must have run.
    vmStage("vm 6.1", [], filter, true),
    vmStage("vm 6.12", ["--suite", "bookworm-backports"], filter, false),
  ].filter((each) => each !== undefined);
}

/** What is worth repeating on another kernel and the other cgroup version: inside the guest. */
export function guestStages(filter: string): readonly Stage[] {
  const pure = filesOf("pure", filter).filter((file) => file.startsWith("tests/cgroups/"));
  const elsewhere = filter === "" ? ELSEWHERE : [...ELSEWHERE, ...ELSEWHERE_WHEN_ASKED];
  const root = filesOf("root", filter).filter(
    (file) => file.startsWith("tests/cgroups/") || (isBlackBox(file) && isAmong(file, elsewhere)),
  );
  return [stage("pure", pure, runFiles), stage("root", root, eachOnItsOwn)].filter(
    (each) => each !== undefined,
  );
}

/** What depends on how bunker was compiled: the way of a run, and what goes on in the background. */
const FROM_SOURCE = ["tests/run/", "tests/tools/", "tests/smoke", "tests/containers/life"];
/** What another kernel, or cgroups of version 2, may answer differently. */
const ELSEWHERE = [
  ...FROM_SOURCE,
  ...["events", "life", "mounts", "process", "seccomp", "update", "user-namespace"].map(
    (name) => `tests/oci-runtime/${name}.`,
  ),
];

/** The same, but minutes in an emulated machine: `./build.sh test tests/network` runs them in both. */
const ELSEWHERE_WHEN_ASKED = ["tests/network/"];

const isAmong = (file: string, starts: readonly string[]): boolean =>
  starts.some((start) => file.startsWith(start));

function filesOf(tier: string, filter: string): readonly string[] {
  const found = [...new Bun.Glob(`tests/**/*.${tier}.test.ts`).scanSync(PROJECT)];
  return found.filter((file) => file.includes(filter)).sort();
}

/** Whether a file looks at bunker as a program, so that it can look at the others as well. */
function isBlackBox(file: string): boolean {
  const source = readFileSync(`${PROJECT}/${file}`, "utf8");
  if (source.includes("harness/bunker.ts")) return true;
  const folder = file.slice(0, file.lastIndexOf("/"));
  const neighbours = [...source.matchAll(/ from "\.\/([a-z-]+\.ts)"/g)].map(([, name]) => name);
  return neighbours.some((name) =>
    readFileSync(`${PROJECT}/${folder}/${name}`, "utf8").includes("harness/bunker.ts"),
  );
}

function stage(
  name: string,
  files: readonly string[],
  run: typeof runFiles,
  env: Readonly<Record<string, string>> = {},
): Stage | undefined {
  if (files.length === 0) return undefined;
  const prefix = name.startsWith("root") ? asRoot() : [];
  const timeoutMs = TIMEOUT_MS * slowness();
  return { name, mustRun: true, perform: () => run(files, { timeoutMs, prefix, env }) };
}

/** The black-box tests again, bunker being started from its source by `runtime`. */
function sourceStage(runtime: string, files: readonly string[]): Stage | undefined {
  const env = { BUNKER_UNDER_TEST: runtime };
  return stage(`root, ${runtime} from source`, files, eachOnItsOwn, env);
}

function asRoot(): readonly string[] {
  return isRoot() ? [] : ["sudo", "--preserve-env"];
}

/** A process for each file, so that a crash takes only one, and leftovers have an owner. */
async function eachOnItsOwn(
  files: readonly string[],
  settings: Parameters<typeof runFiles>[1],
): Promise<Result> {
  let result = NOTHING;
  for (const file of files) {
    const before = takeInventory();
    result = addResults(result, await runFiles([file], settings));
    const left = await leftSince(before);
    for (const line of left) console.log(`${file} left behind: ${line}`);
    if (left.length > 0) result = addResults(result, { ...NOTHING, failed: 1 });
  }
  return result;
}

/** A check of the whole tree by Bun; counted as one test. */
function check(name: string, ...command: readonly string[]): Stage {
  const [verb = "", ...flags] = command;
  const line = [process.execPath, verb, "--no-script", ...flags];
  return {
    name,
    mustRun: true,
    perform: async () => {
      const { exitCode, lines } = await showLines(line, {}, () => false);
      if (exitCode === 0) return { ...NOTHING, passed: 1 };
      console.log(lines.join("\n"));
      return { ...NOTHING, failed: 1 };
    },
  };
}

const VM_RUN = `${PROJECT}/../shared/vm/vm-run`;
const VM_TIMEOUT_S = 1200;
/** The whole run is to end within half an hour: a second guest takes as long as the first. */
const LATEST_START_MS = 18 * 60_000;
const TOO_LATE = "skipped: too late for a second guest; `./build.sh test FILTER` runs a part in it";
// What vm-run ends with where the machine itself did not come up: no statement about bunker.
const VM_FAILED = 125;

/**
 * A cgroup that is there all the time. Kernel: the first one with a cpuset, and the end of the last,
 * patch the page allocator's code while it runs (a static key). Real processors can do that; QEMU's
 * software emulation of two of them now and then executes half a patched instruction, and the guest
 * panics in __alloc_pages or get_page_from_freelist (seen with 6.12 twice in a row).
 */
const STEADY_GUEST = ["/bin/sh", "-c", 'mkdir /sys/fs/cgroup/steady && exec "$@"', "sh"];

/** The tests that another kernel may answer differently, in a virtual machine with cgroup v2. */
function vmStage(
  name: string,
  kernel: readonly string[],
  filter: string,
  mustRun: boolean,
): Stage | undefined {
  if (guestStages(filter).length === 0) return undefined;
  return {
    name,
    mustRun: mustRun && existsSync(VM_RUN),
    perform: async () => {
      if (!mustRun && performance.now() > LATEST_START_MS) {
        return { ...NOTHING, skipped: 1, reasons: [TOO_LATE] };
      }
      return await runGuest(kernel, filter);
    },
  };
}

async function runGuest(kernel: readonly string[], filter: string): Promise<Result> {
  if (!existsSync(VM_RUN)) {
    const reason = "skipped: ../shared/vm/vm-run is not on this machine";
    return { ...NOTHING, skipped: 1, reasons: [reason] };
  }
  const flags = [...kernel, "--timeout", `${VM_TIMEOUT_S}`, "--share", PROJECT, "--cwd", PROJECT];
  const path = `PATH=${process.env["PATH"] ?? ""}`;
  const run = [...STEADY_GUEST, process.execPath, "tests/run.ts", "--guest", filter];
  const command = [...asRoot(), VM_RUN, ...flags, "--env", path, "--", ...run];
  let { exitCode, lines } = await showLines(command, {}, isFromGuest);
  if (exitCode === VM_FAILED) {
    console.log("the virtual machine failed: once more");
    ({ exitCode, lines } = await showLines(command, {}, isFromGuest));
  }
  const counts = parseCounts(lines.findLast((line) => line.trim() !== "") ?? "");
  const reasons = lines.filter((line) => line.startsWith("skipped: "));
  if (counts !== undefined) return { ...counts, reasons };
  if (exitCode === VM_FAILED) {
    // It says nothing about bunker; whether that will do is the stage's to say (mustRun).
    return {
      ...NOTHING,
      skipped: 1,
      reasons: ["skipped: the virtual machine itself failed, twice"],
    };
  }
  return { ...NOTHING, failed: 1, reasons: [`the virtual machine ended with ${exitCode}`] };
}

function isFromGuest(line: string): boolean {
  return !line.startsWith("skipped: ") && parseCounts(line) === undefined;
}
