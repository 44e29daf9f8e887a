// The stages of a whole test run. Each is a value: what it is called and how it is performed.

import { GUESTS, type Guest, haveGuests, runGuest } from "./guests.ts";
import { emptyInTime, leftSince, takeInventory } from "./leftovers.ts";
import { OwnFolders } from "./own-folders.ts";
import {
  NOTHING,
  type Result,
  addResults,
  formatSlowest,
  runFiles,
  showLines,
} from "./run-files.ts";
import { filesOf, isAmong, isBlackBox } from "./test-files.ts";
import { isRoot, slowness } from "./tier.ts";

/** A part of the run with counts of its own. */
export interface Stage {
  readonly name: string;
  /** Whether the run fails when this stage has skipped everything it has. */
  readonly mustRun: boolean;
  /** Performed while the others go on, after those before it that are, too. */
  readonly isBeside: boolean;
  perform(): Promise<Result>;
}

const TIMEOUT_MS = 20_000;

/** Everything, on this host and in virtual machines; `filter` picks test files by their path. */
export function hostStages(filter: string): readonly Stage[] {
  const root = filesOf("root", filter);
  const blackBox = root.filter((file) => isAmong(file, FROM_SOURCE)).filter(isBlackBox);
  const smoke = blackBox.filter((file) => file.includes("smoke"));
  return [
    ...GUESTS.map((guest) => guestStage(guest, [IN_GUEST, filter], guestStages(filter))),
    ...(filter === "" ? [check("format", "fmt", "--check"), check("types", "check")] : []),
    stage("pure", filesOf("pure", filter), together),
    stage("namespace", filesOf("namespace", filter), eachOnItsOwn),
    stage("root", root, eachOnItsOwn),
    sourceStage("bun", blackBox),
    sourceStage("deno", smoke),
  ].filter((each) => each !== undefined);
}

/** The word before the filter that asks for the guests alone, and in them for all tests. */
export const WHOLLY_IN_GUESTS = "--vm";
/** What the guests themselves are started with. */
export const IN_GUEST = "--guest";
export const WHOLLY_IN_GUEST = "--guest-all";

/** All tests of `filter` in the virtual machines: takes long, and is for when there is time. */
export function virtualStages(filter: string): readonly Stage[] {
  const args = [WHOLLY_IN_GUEST, filter];
  return GUESTS.map((guest) => guestStage(guest, args, wholeGuestStages(filter))).filter(
    (each) => each !== undefined,
  );
}

/** What is worth repeating on another kernel and the other cgroup version: inside the guest. */
export function guestStages(filter: string): readonly Stage[] {
  const pure = filesOf("pure", filter).filter((file) => file.startsWith("tests/cgroups/"));
  const root = filesOf("root", filter).filter((file) => isAmong(file, ELSEWHERE));
  return [stage("pure", pure, together), stage("root", root, eachOnItsOwn)].filter(
    (each) => each !== undefined,
  );
}

/** Inside the guest: all that needs a kernel. */
export function wholeGuestStages(filter: string): readonly Stage[] {
  const files = [...filesOf("namespace", filter), ...filesOf("root", filter)];
  return [stage("root", files, eachOnItsOwn)].filter((each) => each !== undefined);
}

/** What depends on how bunker was compiled: the way of a run, and what goes on in the background. */
const FROM_SOURCE = ["tests/run/", "tests/tools/", "tests/smoke", "tests/containers/life"];
/**
 * What another kernel, or cgroups of version 2, may answer differently: five minutes on an emulated
 * machine. All the rest was run there by hand (docs/status.md).
 */
const ELSEWHERE = [
  ...["tests/cgroups/", "tests/smoke", "tests/containers/life.", "tests/network/ways."],
  ...["isolation", "join", "limits", "mounts", "replay", "seccomp", "user-namespace"].map(
    (name) => `tests/run/${name}.`,
  ),
  ...["events", "life", "mounts", "replay", "update"].map((name) => `tests/oci-runtime/${name}.`),
];

function stage(
  name: string,
  files: readonly string[],
  run: typeof runFiles,
  env: Readonly<Record<string, string>> = {},
): Stage | undefined {
  if (files.length === 0) return undefined;
  const prefix = name.startsWith("root") ? asRoot() : [];
  const timeoutMs = TIMEOUT_MS * slowness();
  return {
    name,
    mustRun: true,
    isBeside: false,
    perform: () => run(files, { timeoutMs, prefix, env }),
  };
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
    const start = performance.now();
    const before = takeInventory();
    const { own, left } = await inOwnFolders([file], settings);
    result = addResults(result, own);
    left.push(...(await leftSince(before)));
    for (const line of left) console.log(`${file} left behind: ${line}`);
    if (left.length > 0) result = addResults(result, { ...NOTHING, failed: 1 });
    const seconds = (performance.now() - start) / 1000;
    result = addResults(result, { ...NOTHING, times: [{ file, seconds }] });
    // A guest that is given up has no last words.
    if (slowness() > 1) console.log(formatSlowest([{ file, seconds }], 1).join());
  }
  return result;
}

/** Keeps nothing in the folders of the host. */
async function inOwnFolders(
  files: readonly string[],
  settings: Parameters<typeof runFiles>[1],
): Promise<{ readonly own: Result; readonly left: string[] }> {
  using folders = new OwnFolders(settings.prefix ?? []);
  const env = { ...folders.environment, ...settings.env };
  const own = await runFiles(files, { ...settings, env });
  return { own, left: [...(await emptyInTime(() => folders.left()))] };
}

async function together(
  files: readonly string[],
  settings: Parameters<typeof runFiles>[1],
): Promise<Result> {
  const { own, left } = await inOwnFolders(files, settings);
  for (const line of left) console.log(`left behind: ${line}`);
  return left.length > 0 ? addResults(own, { ...NOTHING, failed: 1 }) : own;
}

/** A check of the whole tree by Bun; counted as one test. */
function check(name: string, ...command: readonly string[]): Stage {
  const [verb = "", ...flags] = command;
  const line = [process.execPath, verb, "--no-script", ...flags];
  return {
    name,
    mustRun: true,
    isBeside: false,
    perform: async () => {
      const { exitCode, lines } = await showLines(line, {}, () => false);
      if (exitCode === 0) return { ...NOTHING, passed: 1 };
      console.log(lines.join("\n"));
      return { ...NOTHING, failed: 1 };
    },
  };
}

/** What a guest runs, as one stage of the host's. */
function guestStage(
  guest: Guest,
  args: readonly string[],
  inside: readonly Stage[],
): Stage | undefined {
  if (inside.length === 0) return undefined;
  return {
    name: guest.name,
    mustRun: haveGuests(),
    isBeside: true,
    perform: () => runGuest(guest, args, asRoot()),
  };
}
