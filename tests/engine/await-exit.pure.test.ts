// How a container has ended, asked while its guardian is about to write it down.
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { processStart } from "../../ffi/agent/alive.ts";
import { prepareErrno } from "../../ffi/library.ts";
import { EXIT_BYTES, SIGINFO_BYTES } from "../../src/container/guardian-files.ts";
import { awaitExit } from "../../src/engine/containers/await-exit.ts";

prepareErrno();

const CODE_OFFSET = 8;
const STATUS_OFFSET = 24;
const CLD_EXITED = 1;

function exitBytes(code: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(EXIT_BYTES));
  view.setInt32(CODE_OFFSET, CLD_EXITED, true);
  view.setInt32(STATUS_OFFSET, code, true);
  view.setBigInt64(SIGINFO_BYTES, BigInt(Math.floor(Date.now() / 1000)), true);
  return new Uint8Array(view.buffer);
}

/** A guardian as a shell: what it does before it ends. */
async function withGuardian(script: string, check: (folder: string, pid: number) => Promise<void>) {
  const folder = mkdtempSync(`${tmpdir()}/bunker-exit-`);
  writeFileSync(`${folder}/made`, exitBytes(7));
  writeFileSync(`${folder}/exit`, new Uint8Array(EXIT_BYTES));
  const guardian = Bun.spawn(["sh", "-c", script], { cwd: folder });
  try {
    await check(folder, guardian.pid);
  } finally {
    guardian.kill("SIGKILL");
    await guardian.exited;
    rmSync(folder, { recursive: true });
  }
}

test("the exit code is waited for as long as the guardian has not written it", async () => {
  await withGuardian("sleep 0.1; cat made > exit; sleep 60", async (folder, agentPid) => {
    const exit = awaitExit(folder, { agentPid, agentStart: processStart(agentPid) ?? "" });
    expect(exit?.code).toBe(7);
  });
});

test("nobody waits for a guardian that has ended, or for none", async () => {
  await withGuardian("sleep 0.1", async (folder, agentPid) => {
    expect(awaitExit(folder, { agentPid, agentStart: processStart(agentPid) ?? "" })).toBe(
      undefined,
    );
    expect(awaitExit(folder, { agentPid, agentStart: "another" })).toBe(undefined);
    expect(awaitExit(folder, undefined)).toBe(undefined);
  });
});

test("a guardian that is held is not waited for without an end", async () => {
  await withGuardian("sleep 60", async (folder, agentPid) => {
    const guardian = { agentPid, agentStart: processStart(agentPid) ?? "" };
    expect(awaitExit(folder, guardian, 50)).toBe(undefined);
  });
});
