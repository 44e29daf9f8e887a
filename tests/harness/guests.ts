// The tests that another kernel may answer differently, in virtual machines with cgroups of version 2.

import { existsSync } from "node:fs";
import { NOTHING, PROJECT, type Result, parseCounts, showLines } from "./run-files.ts";

/** A virtual machine: the name of its kernel, and what vm-run must be told for it. */
export interface Guest {
  readonly name: string;
  readonly flags: readonly string[];
}

export const GUESTS: readonly Guest[] = [
  { name: "vm 6.1", flags: [] },
  { name: "vm 6.12", flags: ["--suite", "bookworm-backports"] },
];

const VM_RUN = `${PROJECT}/../shared/vm/vm-run`;
export const haveGuests = (): boolean => existsSync(VM_RUN);

const TIMEOUT_S = 1500;
// What vm-run ends with where the machine itself did not come up: no statement about bunker.
const VM_FAILED = 125;

/**
 * One processor. Emulating it takes half the time of emulating two, which have to agree on each atomic
 * operation. Kernel: it patches its own code while that runs (static keys); QEMU's emulation of two
 * processors now and then executed half a patched instruction, and a 6.12 guest panicked.
 */
const MACHINE = ["--cpus", "1", "--kernel-arg", "no5lvl"];
/** Where the host has things of its own, and where an overlay needs a plain file system. */
const FRESH = ["--fresh", "/var/tmp", "--fresh", "/var/lib/bunker"];
/** The host's own tests go on beside it: they have the processors first. */
const GENTLY = ["nice", "-n", "5"];

/** Runs `bun tests/run.ts ARGS` in a guest, its lines shown as they come. */
export async function runGuest(
  { name, flags }: Guest,
  args: readonly string[],
  prefix: readonly string[],
): Promise<Result> {
  if (!haveGuests()) {
    const reason = "skipped: ../shared/vm/vm-run is not on this machine";
    return { ...NOTHING, skipped: 1, reasons: [reason] };
  }
  const share = ["--share", PROJECT, "--cwd", PROJECT, "--timeout", `${TIMEOUT_S}`];
  const path = `PATH=${process.env["PATH"] ?? ""}`;
  const run = [process.execPath, "tests/run.ts", ...args];
  const command = [
    ...prefix,
    ...GENTLY,
    VM_RUN,
    ...MACHINE,
    ...FRESH,
    ...flags,
    ...share,
    "--env",
    path,
  ];
  const show = (line: string) => {
    if (isFromGuest(line)) console.log(`${name} | ${line}`);
    return false;
  };
  let { exitCode, lines } = await showLines([...command, "--", ...run], {}, show);
  if (exitCode === VM_FAILED) {
    console.log(`${name}: the virtual machine failed: once more`);
    ({ exitCode, lines } = await showLines([...command, "--", ...run], {}, show));
  }
  const counts = parseCounts(lines.findLast((line) => line.trim() !== "") ?? "");
  const reasons = lines.filter((line) => line.startsWith("skipped: "));
  if (counts !== undefined) return { ...NOTHING, ...counts, reasons };
  return { ...NOTHING, failed: 1, reasons: [`the virtual machine ended with ${exitCode}`] };
}

function isFromGuest(line: string): boolean {
  return !line.startsWith("skipped: ") && parseCounts(line) === undefined;
}
