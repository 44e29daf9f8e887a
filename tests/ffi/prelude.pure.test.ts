// The prelude's machine code, in a small executable instead of the runtime's: what it performs, and when
// it leaves everything to what comes after it.

import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { At, Image, Label } from "../../ffi/prelude/image.ts";
import { installPrelude } from "../../ffi/prelude/install.ts";
import {
  FOLDER,
  hashWords,
  HEAD_LAST_WORD,
  HEAD_LOG,
  IMAGE_ADDRESS,
  placeOf,
} from "../../ffi/prelude/layout.ts";

const isHere = process.arch === "x64" && process.getuid?.() === 0;
if (!isHere)
  console.warn("skipped: the prelude's code: it is x86-64's, and only root's images count");

const folder = mkdtempSync(`${tmpdir()}/bunker-prelude-`);
afterAll(() => rmSync(folder, { recursive: true }));

const PAGE = 0x1000;
const CODE_AT = 0x1800;
const ADDRESS = 0x400000;
/** exit_group(77): what comes after the prelude. */
const AFTERWARDS = Uint8Array.fromHex("bf4d000000b8e70000000f05");

/** An executable whose one segment begins in the middle of a page. elf(5) */
function makeExecutable(): Uint8Array {
  const file = new Uint8Array(CODE_AT + AFTERWARDS.length);
  const view = new DataView(file.buffer);
  file.set(Uint8Array.fromHex("7f454c46020101"));
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(ADDRESS + CODE_AT), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(72, BigInt(CODE_AT), true);
  view.setBigUint64(80, BigInt(ADDRESS + CODE_AT), true);
  view.setBigUint64(96, BigInt(AFTERWARDS.length), true);
  view.setBigUint64(104, BigInt(AFTERWARDS.length), true);
  view.setBigUint64(112, BigInt(PAGE), true);
  file.set(AFTERWARDS, CODE_AT);
  return file;
}

function install(name: string): string {
  const path = `${folder}/${name}`;
  writeFileSync(path, installPrelude(makeExecutable()) ?? "", { mode: 0o755 });
  return path;
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Where the image of a command line belongs. */
function place(words: readonly string[], last: string): string {
  mkdirSync(`${folder}/${FOLDER}`, { recursive: true });
  const hash = hashWords(encode(words.map((word) => `${word}\0`).join("")), last.length);
  return `${folder}/${FOLDER}/${placeOf(hash)}`;
}

const WORDS = ["run", "--rm", "x"];

/** An image for `run --rm x`. */
function writeImage(fill: (image: Image) => void, words = WORDS): string {
  const image = new Image();
  image.program(words);
  fill(image);
  const path = place(words, words.at(-1) ?? "");
  rmSync(path, { force: true });
  writeFileSync(path, image.finish(), { mode: 0o600 });
  return path;
}

function run(words: readonly string[] = WORDS, env: Record<string, string> = {}, name = "bunker") {
  const { exitCode, stdout } = Bun.spawnSync([install(name), ...words], {
    env: { BUNKER_RUN: folder, ...env },
  });
  return { exitCode, stdout: stdout.toString() };
}

const afterwards = { exitCode: 77, stdout: "" };

/** Writes what lies there, and ends. */
function tell(image: Image, address: number, length: number): void {
  image.call("write", [1, address, length]);
  image.call("exit_group", [0]);
}

describe.skipIf(!isHere)("the prelude", () => {
  test("performs the program of its words", () => {
    writeImage((image) => tell(image, image.text("hello"), 5));
    expect(run()).toEqual({ exitCode: 0, stdout: "hello" });
  });

  test("knows the words whole", () => {
    writeImage((image) => tell(image, image.text("hello"), 5));
    for (const words of [["run"], ["run", "--rm"], [...WORDS, ""], ["run", "--rm", "y"]]) {
      expect(run(words)).toEqual(afterwards);
    }
    // The same place, other words.
    writeImage((image) => tell(image, image.text("hello"), 5), ["run", "--rm", "y"]);
    writeFileSync(place(WORDS, "x"), "");
    expect(run([])).toEqual(afterwards);
    expect(run(["ps"])).toEqual(afterwards);
  });

  test("performs what stands for an OCI verb, by whatever way it is called", () => {
    const flags = ["--root", `${folder}/oci`, "--log", "/nowhere/log", "--log-format", "json"];
    mkdirSync(`${folder}/oci/some-id`, { recursive: true });
    const image = new Image();
    image.program(["start"], "some-id");
    image.call("write", [1, new At(IMAGE_ADDRESS + HEAD_LAST_WORD), 7]);
    image.call("write", [1, new At(IMAGE_ADDRESS + HEAD_LOG), 12]);
    image.call("exit_group", [0]);
    const file = `${folder}/oci/some-id/prelude`;
    writeFileSync(file, image.finish(), { mode: 0o600 });
    const expected = { exitCode: 0, stdout: "some-id/nowhere/log" };
    expect(run(["oci", ...flags, "start", "some-id"])).toEqual(expected);
    for (const name of ["runc", "crun", "bunker-oci"]) {
      expect(run([...flags, "start", "some-id"], {}, name)).toEqual(expected);
    }
    for (const words of [
      [...flags, "start", "some-id"],
      ["oci", ...flags, "start"],
      ["oci", ...flags, "start", "some-i"],
      ["oci", ...flags, "stop", "some-id"],
      ["oci", "--debug", ...flags, "start", "some-id"],
      ["oci", "--root"],
      ["oci", "--root", "--log"],
      ["oci", "--root", "/x".repeat(4000), "start", "some-id"],
    ]) {
      expect(run(words)).toEqual(afterwards);
    }
  });

  test("does what its operations say", () => {
    writeImage((image) => {
      const stat = image.text("12 (a b) c) S 1 34 567\n");
      const text = image.bytes(encode("..........................................\n"));
      image.operation("copy", [text, image.text("copy"), 4]);
      image.operation("decimal", [text + 12, new At(image.word(12345))]);
      image.operation("decimal", [text + 15, 0]);
      image.operation("field", [text + 20, stat, 3, 0x22]);
      image.operation("field", [text + 24, stat, 1, 0x22]);
      image.operation("field", [text + 30, stat, 4, 0x22]);
      image.operation("hex", [text + 31, image.bytes(Uint8Array.of(0x0f, 0xa9)), 2]);
      const word = image.word(0x63);
      image.operation("add", [word, -3]);
      image.operation("and", [word, 0x6a]);
      image.operation("copy", [text + 37, word, 1]);
      tell(image, text, 43);
    });
    expect(run().stdout).toBe('copy...12345..0.."34.."S.."567.0fa9..`....\n');
  });

  test("compares, and knows variables", () => {
    writeImage((image) => {
      image.operation("variable", ["SET", "yes"]);
      image.operation("variable", ["NOT", 0]);
      image.expectSame(image.text("same"), image.text("samE"), 3);
      tell(image, image.text("so"), 2);
    });
    expect(run(WORDS, { SET: "yes", NOTHING: "1" }).stdout).toBe("so");
    for (const env of [{}, { SET: "yess" }, { SET: "ye" }, { SET: "yes", NOT: "" }]) {
      expect(run(WORDS, env)).toEqual(afterwards);
    }
  });

  test("goes back and forth, as results say, and lets a child go its own way", () => {
    writeImage((image) => {
      const [again, over, child] = [new Label(), new Label(), new Label()];
      const count = image.word(0);
      image.set(again);
      image.call("write", [1, "*", 1]);
      image.operation("add", [count, 1]);
      image.expectSame(count, image.word(3), 4, { tolerate: [1], onError: again });
      image.call("openat", [-100, "/nowhere", 0], { tolerate: [2], onError: over });
      image.call("exit_group", [1]);
      image.set(over);
      const pid = image.room(8);
      image.call("clone", [0x4111, 0], { child, into: pid });
      image.call("wait4", [new At(pid), 0, 0, 0]);
      tell(image, image.text("parent"), 6);
      image.set(child);
      tell(image, image.text("child "), 6);
    });
    expect(run().stdout).toBe("***child parent");
  });

  test("undoes what was done so far, once something fails", () => {
    const path = `${folder}/made`;
    writeImage((image) => {
      const [first, second] = [new Label(), new Label()];
      image.undoBy(first);
      image.call("mkdirat", [-100, path, 0o700]);
      image.undoBy(second);
      image.giveUp();
      image.set(second);
      image.call("unlinkat", [-100, path, 0x200]);
      image.set(first);
      image.call("write", [1, "undone", 6]);
      image.giveUp();
    });
    expect(run()).toEqual({ exitCode: 77, stdout: "undone" });
    expect(() => chmodSync(path, 0o700)).toThrow("ENOENT");
  });

  test("is led by nobody but root", () => {
    const path = writeImage((image) => tell(image, image.text("hello"), 5));
    for (const mode of [0o644, 0o660, 0o700]) {
      chmodSync(path, mode);
      expect(run()).toEqual(afterwards);
    }
    rmSync(path);
    symlinkSync("/dev/null", path);
    expect(run()).toEqual(afterwards);
    rmSync(path);
    writeFileSync(path, "x".repeat(5000), { mode: 0o600 });
    expect(run()).toEqual(afterwards);
  });

  test("goes into no executable without room for it", () => {
    const file = makeExecutable();
    file[CODE_AT - 20] = 1;
    expect(installPrelude(file)).toBeUndefined();
    new DataView(file.buffer).setUint16(18, 183, true);
    expect(installPrelude(file)).toBeUndefined();
  });
});
