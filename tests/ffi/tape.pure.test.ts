// A tape steers itself: comparing, counting and choosing are calls that an agent performs, so it is asked.

import { describe, expect, test } from "bun:test";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { CODE_X64 } from "../../ffi/agent/code-x64.ts";
import { makeElf } from "../../ffi/agent/elf.ts";
import {
  ARENA_OFFSET,
  CHANNEL_ADDRESS,
  CHANNEL_BYTES,
  CONTROL_END,
  CONTROL_FIRST,
  CONTROL_GO,
  RECORD_BYTES,
  RECORD_SKIP_ERROR,
  RECORD_SKIP_SUCCESS,
} from "../../ffi/agent/layout.ts";
import { Mark, NO_END, type Place, Tape, Value } from "../../ffi/agent/tape.ts";

const BASE = CHANNEL_ADDRESS + ARENA_OFFSET;
const isNative = process.arch === "x64";
if (!isNative) console.warn("skipped: tapes: the agent that performs them is x86-64's");

interface Said {
  readonly stdout: string;
  readonly exitCode: number;
}

/** What an agent prints that performs the tape, from its beginning; ends with 1 after an error. */
function perform(write: (tape: Tape) => void): Said {
  const failed = new Mark();
  const tape = new Tape(BASE, failed);
  write(tape);
  tape.call("exit_group", [0]);
  tape.mark(failed);
  tape.call("exit_group", [1]);
  const memory = new Uint8Array(CHANNEL_BYTES);
  memory.set(tape.write(), ARENA_OFFSET);
  const view = new DataView(memory.buffer);
  view.setUint32(CONTROL_GO, 1, true);
  view.setUint32(CONTROL_FIRST, BASE, true);
  view.setUint32(CONTROL_END, NO_END, true);
  return runAgent(memory);
}

function runAgent(channel: Uint8Array): Said {
  const folder = mkdtempSync(`${tmpdir()}/bunker-tape-`);
  try {
    const elf = makeElf({
      ...{ arch: "x64", code: CODE_X64, channelFd: 3, channelBytes: CHANNEL_BYTES },
    });
    writeFileSync(`${folder}/agent`, elf, { mode: 0o755 });
    writeFileSync(`${folder}/channel`, channel);
    const fd = openSync(`${folder}/channel`, "r+");
    const { stdout, exitCode } = Bun.spawnSync([`${folder}/agent`], {
      stdio: ["ignore", "pipe", "inherit", fd],
      timeout: 20_000,
    });
    closeSync(fd);
    return { stdout: stdout?.toString() ?? "", exitCode };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const print = (tape: Tape, text: string): void => tape.call("write", [1, text, text.length]);
const word = (value: number): Uint8Array =>
  new Uint8Array(new BigInt64Array([BigInt(value)]).buffer);

/** Prints "same" or "other". */
function tell(tape: Tape, ask: (otherwise: Mark) => void): void {
  const [other, done] = [new Mark(), new Mark()];
  ask(other);
  print(tape, "same ");
  tape.go(done);
  tape.mark(other);
  print(tape, "other ");
  tape.mark(done);
}

describe.skipIf(!isNative)("a tape", () => {
  test("goes on in order, to where it is told, or after an error to where it fails", () => {
    const said = perform((tape) => {
      const behind = new Mark();
      print(tape, "a");
      tape.go(behind);
      print(tape, "skipped");
      tape.mark(behind);
      tape.tryCall("close", [-1]);
      print(tape, "b");
      tape.call("close", [-1]);
      print(tape, "not reached");
    });
    expect(said).toEqual({ stdout: "ab", exitCode: 1 });
  });

  test("compares words, whatever their sign, with numbers and with one another", () => {
    for (const value of [0, 1, -1, 0x7fffffff, -0x80000000]) {
      const { stdout } = perform((tape) => {
        const [at, equal, different] = [value, value, value + 1].map((v) => tape.place(8, word(v)));
        if (at === undefined || equal === undefined || different === undefined) return;
        tell(tape, (fail) => tape.compare(at, value, { fail }));
        tell(tape, (fail) => tape.compare(at, value + 1, { fail }));
        tell(tape, (fail) => tape.compareWith(at, equal, { fail }));
        tell(tape, (fail) => tape.compareWith(at, different, { fail }));
      });
      expect(stdout).toBe("same other same other ");
    }
  });

  test("compares bytes to their end, and whatever is behind them up to a whole word", () => {
    const bytes = new TextEncoder().encode("seven 7");
    const asked = ["seven 7", "seven 8", "seven 7!", "sev", "Seven 7"];
    const { stdout } = perform((tape) => {
      for (const text of asked) {
        const at = tape.place(16, new TextEncoder().encode(text));
        tell(tape, (fail) => tape.compareBytes(at, bytes, { fail }));
      }
      const inside = tape.place(16, new TextEncoder().encode("1234seven 7"));
      tell(tape, (fail) => tape.compareBytes(inside, bytes, { fail }, 4));
    });
    expect(stdout).toBe("same other other other other same ");
  });

  test("adds any number, and no more than that", () => {
    const amounts = [0, 1, -1, -2048, 2047, 2048, 2049, 3208, 65_535, 1024 * 1024, 1_234_567];
    const said = perform((tape) => {
      for (const amount of amounts) {
        const at = tape.place(8, word(5000));
        tape.add(at, amount);
        tape.compare(at, 5000 + amount);
        tape.compare(at.at(4), 0);
      }
    });
    expect(said).toEqual({ stdout: "", exitCode: 0 });
  });

  test("clears bits", () => {
    const said = perform((tape) => {
      const at = tape.place(8, word(0xffff));
      tape.clear(at, 127);
      tape.clear(at, 0x8000);
      tape.compare(at, 0x7f80);
    });
    expect(said).toEqual({ stdout: "", exitCode: 0 });
  });

  test("goes round as often as a word says", () => {
    const said = perform((tape) => {
      const left = tape.place(8, word(5));
      const again = tape.mark();
      print(tape, "x");
      tape.add(left, -1);
      tape.compare(left, 0, { fail: again });
    });
    expect(said).toEqual({ stdout: "xxxxx", exitCode: 0 });
  });

  test("passes what is in a place, and what a call has brought", () => {
    const said = perform((tape) => {
      const pid = tape.place();
      tape.call("getpid", [], { into: pid });
      tape.call("kill", [new Value(pid), 0]);
      const text = tape.text("text");
      const pointer: Place = tape.place(8, undefined, [{ offset: 0, to: text }]);
      tape.call("write", [1, new Value(pointer), 4]);
    });
    expect(said).toEqual({ stdout: "text", exitCode: 0 });
  });

  test("waits for a word no longer than it should, and not where it is another one", () => {
    const said = perform((tape) => {
      const moment = tape.place(16, new Uint8Array(new BigInt64Array([0n, 1_000_000n]).buffer));
      const at = tape.place(8, word(1));
      const late = new Mark();
      tape.wait(at, 1, moment, { fail: late });
      print(tape, "woken");
      tape.mark(late);
      print(tape, "late ");
      tape.bump(at);
      tape.compare(at, 2);
    });
    expect(said).toEqual({ stdout: "late ", exitCode: 0 });
  });
});

test("the records say where to go on in bytes from their own beginning", () => {
  const [failed, end] = [new Mark(), new Mark()];
  const tape = new Tape(BASE, failed);
  tape.call("getpid", [], { ok: end });
  tape.mark(failed);
  tape.call("getpid", []);
  tape.mark(end);
  tape.call("getpid", []);
  const view = new DataView(tape.write().buffer);
  expect(view.getInt32(RECORD_SKIP_SUCCESS, true)).toBe(2 * RECORD_BYTES);
  expect(view.getInt32(RECORD_SKIP_ERROR, true)).toBe(RECORD_BYTES);
  expect(view.getInt32(RECORD_BYTES + RECORD_SKIP_SUCCESS, true)).toBe(RECORD_BYTES);
  expect(view.getInt32(RECORD_BYTES + RECORD_SKIP_ERROR, true)).toBe(0);
});

test("each text is there once, and ends with a zero", () => {
  const tape = new Tape(BASE, new Mark());
  expect(tape.text("once")).toBe(tape.text("once"));
  const place = tape.text("four");
  const bytes = tape.write();
  const at = place.address - BASE;
  expect([...bytes.subarray(at, at + 5)]).toEqual([...new TextEncoder().encode("four"), 0]);
});
