// Machine code (the agent's, the signal handlers') is bytes beside a listing: binutils must read the
// same out of the bytes, and both architectures must perform a batch.

import { describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { Channel } from "../../ffi/agent/channel.ts";
import { CODE_ARM64 } from "../../ffi/agent/code-arm64.ts";
import { CODE_X64 } from "../../ffi/agent/code-x64.ts";
import { ENTRY_X64 } from "../../ffi/agent/entry.ts";
import { codeBytes, type Listing, makeElf } from "../../ffi/agent/elf.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  CHANNEL_BYTES,
  CONTROL_END,
  CONTROL_FIRST,
  CONTROL_GO,
} from "../../ffi/agent/layout.ts";
import * as forwardSignals from "../../ffi/forward-signals-code.ts";
import * as wakeOnSignal from "../../ffi/wake-on-signal-code.ts";
import { haveCommand } from "../harness/tier.ts";

class Folder implements Disposable {
  readonly path = mkdtempSync(`${tmpdir()}/bunker-code-`);
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

/** `[bytes, text]` of each instruction, spaces and comments evened out. */
function disassemble(objdump: string, machine: string[], code: Listing): [string, string][] {
  using folder = new Folder();
  const file = `${folder.path}/code`;
  writeFileSync(file, codeBytes(code));
  const command = [objdump, "-D", "-b", "binary", "-w", ...machine, file];
  const { stdout, stderr, exitCode } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(stderr.toString());
  const lines = stdout.toString().split("\n");
  return lines.flatMap((line): [string, string][] => {
    const [, bytes, text] = /^\s*[0-9a-f]+:\t([0-9a-f ]+)\t(.*)$/.exec(line) ?? [];
    return bytes === undefined || text === undefined ? [] : [[hexOf(bytes, machine), even(text)]];
  });
}

/** objdump prints an arm64 instruction as one number, an x86 one byte by byte. */
function hexOf(text: string, machine: string[]): string {
  const hex = text.replaceAll(" ", "");
  return machine.includes("aarch64") ? (hex.match(/../g) ?? []).reverse().join("") : hex;
}

const even = (text: string): string =>
  text
    .replace(/\s*(\/\/|#\s).*$/, "")
    .replace(/\s+/g, " ")
    .trim();

const listed = (code: Listing): [string, string][] =>
  code.split("\n").flatMap((line): [string, string][] => {
    const [, hex, text] = /^ *([0-9a-f]+) (.*)$/.exec(line) ?? [];
    return hex === undefined || text === undefined ? [] : [[hex, even(text)]];
  });

function skipWithout(command: string): boolean {
  if (haveCommand(command)) return false;
  console.warn(`skipped: the agent's code: ${command} is not installed`);
  return true;
}

const LISTINGS = [
  ["the agent", { CODE_X64, CODE_ARM64 }],
  ["the handler that forwards signals", forwardSignals],
  ["the handler that wakes poll", wakeOnSignal],
] as const;

describe.each(LISTINGS)("the listings of %s", (_, listings) => {
  test.skipIf(skipWithout("objdump") || process.arch !== "x64")(
    "x86-64: objdump reads out of the bytes what the listing says",
    () => {
      const machine = ["-m", "i386:x86-64", "-M", "intel"];
      expect(disassemble("objdump", machine, listings.CODE_X64)).toEqual(listed(listings.CODE_X64));
    },
  );

  test.skipIf(skipWithout("aarch64-linux-gnu-objdump"))(
    "arm64: objdump reads out of the bytes what the listing says",
    () => {
      const machine = ["-m", "aarch64"];
      const found = disassemble("aarch64-linux-gnu-objdump", machine, listings.CODE_ARM64);
      expect(found).toEqual(listed(listings.CODE_ARM64));
    },
  );
});

test.skipIf(skipWithout("objdump") || process.arch !== "x64")(
  "the entry of the executable: objdump reads out of the bytes what the listing says",
  () => {
    const machine = ["-m", "i386:x86-64", "-M", "intel"];
    expect(disassemble("objdump", machine, ENTRY_X64)).toEqual(listed(ENTRY_X64));
  },
);

const NUMBERS = {
  x64: { write: 1, socket: 41, exit_group: 231 },
  arm64: { write: 64, socket: 198, exit_group: 94 },
} as const;

const NO_SUCH_FAMILY = 100;

/** Writes "hello"; goes on after EAFNOSUPPORT, which is 97; goes forward and back; exits with 7. */
const BATCH = [
  { name: "write", args: [1, "hello", 5] },
  { name: "socket", args: [NO_SUCH_FAMILY, 1, 0], tolerate: "any", skipAfterError: 1 },
  { name: "exit_group", args: [1] },
  { name: "write", args: [1, "", 0], skipAfterSuccess: 1 },
  { name: "exit_group", args: [7] },
  { name: "write", args: [1, "", 0], skipAfterSuccess: -2 },
  { name: "exit_group", args: [2] },
] as const;

/** A channel file with that as its first batch. */
function writeChannel(path: string, arch: "x64" | "arm64"): void {
  const memory = new ArrayBuffer(CHANNEL_BYTES);
  const channel = new Channel(() => memory);
  const { first, end } = channel.write(BATCH);
  // The channel writes this machine's numbers; the code under test may be the other one's.
  BATCH.forEach(({ name }, i) => (channel.words[(first >> 2) + 16 * i] = NUMBERS[arch][name]));
  channel.words[CONTROL_FIRST >> 2] = CHANNEL_ADDRESS + first;
  channel.words[CONTROL_END >> 2] = CHANNEL_ADDRESS + end;
  channel.words[CONTROL_GO >> 2] = 1;
  writeFileSync(path, new Uint8Array(memory));
}

/** Runs the executable on a channel that it inherits as descriptor 3. */
function runAgent(arch: "x64" | "arm64", prefix: string[]) {
  using folder = new Folder();
  const code = arch === "x64" ? CODE_X64 : CODE_ARM64;
  const executable = `${folder.path}/agent`;
  writeFileSync(executable, makeElf({ arch, code, channelFd: 3, channelBytes: CHANNEL_BYTES }), {
    mode: 0o755,
  });
  writeChannel(`${folder.path}/channel`, arch);
  const channel = openSync(`${folder.path}/channel`, "r+");
  const { stdout, exitCode } = Bun.spawnSync([...prefix, executable], {
    stdio: ["ignore", "pipe", "inherit", channel],
    timeout: 20_000,
  });
  closeSync(channel);
  const result = readFileSync(`${folder.path}/channel`).readInt32LE(ARENA_OFFSET + 56);
  return { stdout: stdout?.toString(), exitCode, result };
}

describe("the agent's code", () => {
  const expected = { stdout: "hello", exitCode: 7, result: 5 };

  test.skipIf(process.arch !== "x64")("x86-64: performs a batch and stores its results", () => {
    expect(runAgent("x64", [])).toEqual(expected);
  });

  const isNative = process.arch === "arm64";
  test.skipIf(!isNative && skipWithout("qemu-aarch64-static"))(
    "arm64: performs a batch and stores its results",
    () => {
      expect(runAgent("arm64", isNative ? [] : ["qemu-aarch64-static"])).toEqual(expected);
    },
  );
});
