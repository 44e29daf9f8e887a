import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LinuxSeccomp } from "../../src/oci/seccomp-types.ts";
import { cachedFilter, COMPILER_VERSION } from "../../src/seccomp/cache.ts";
import { compileProfile } from "../../src/seccomp/compile.ts";
import type { FilterHost } from "../../src/seccomp/rules.ts";

const HOST: FilterHost = { arch: "x86_64", kernel: [6, 1] };
const PROFILE: LinuxSeccomp = {
  defaultAction: "SCMP_ACT_ALLOW",
  syscalls: [
    {
      names: ["mkdir", "rmdir"],
      action: "SCMP_ACT_NOTIFY",
      args: [{ index: 0, value: 2n ** 63n, op: "SCMP_CMP_GE" }],
    },
  ],
};
const COMPILED = compileProfile(PROFILE, HOST);

let folder = "";
let cacheDir = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bunker-seccomp-"));
  cacheDir = join(folder, "made", "cache");
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Fills the cache and returns the one file in it. */
function filledFile(): string {
  expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
  const files = readdirSync(cacheDir);
  expect(files.length).toBe(1);
  return join(cacheDir, files[0] ?? "");
}

/** Another program in the same file, as a sign of whether the file is believed. */
function forge(file: string): void {
  const other = join(folder, "other");
  cachedFilter({ ...PROFILE, flags: [] }, HOST, other);
  writeFileSync(file, readFileSync(join(other, readdirSync(other)[0] ?? "")));
}

test("a profile is kept in a file that only its owner can read", () => {
  const file = filledFile();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(cacheDir).mode & 0o777).toBe(0o700);
});

test("the second time the file is used and left as it is", () => {
  const file = filledFile();
  const before = statSync(file);
  expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
  expect(statSync(file).ino).toBe(before.ino);
});

test("another profile, host or flag is another filter", () => {
  filledFile();
  const aarch64: FilterHost = { ...HOST, arch: "aarch64" };
  expect(cachedFilter(PROFILE, aarch64, cacheDir)).toEqual(compileProfile(PROFILE, aarch64));
  expect(cachedFilter({ ...PROFILE, flags: [] }, HOST, cacheDir).flags).toBe(8);
  expect(readdirSync(cacheDir).length).toBe(3);
});

test("what only the listener's owner needs is not part of the filter", () => {
  filledFile();
  cachedFilter({ ...PROFILE, listenerMetadata: "web" }, HOST, cacheDir);
  expect(readdirSync(cacheDir).length).toBe(1);
});

test("a file under the wrong name is not believed: the profile in it is compared", () => {
  const file = filledFile();
  forge(file);
  expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
});

test("a damaged file is compiled anew and mended", () => {
  const file = filledFile();
  const good = readFileSync(file);
  for (const length of [0, 3, 19, 20, good.length - 8]) {
    writeFileSync(file, good.subarray(0, length));
    expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
    expect(readFileSync(file)).toEqual(good);
  }
  for (let at = 0; at < good.length; at += 7) {
    const damaged = Buffer.from(good);
    damaged.writeUInt8(damaged.readUInt8(at) ^ 0x10, at);
    writeFileSync(file, damaged);
    expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
    expect(readFileSync(file)).toEqual(good);
  }
});

test("a file that others could have written is replaced, not read", () => {
  const file = filledFile();
  const before = statSync(file).ino;
  chmodSync(file, 0o620);
  cachedFilter(PROFILE, HOST, cacheDir);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(file).ino).not.toBe(before);
});

test("a link in the place of a file is replaced, and what it leads to is left alone", () => {
  const file = filledFile();
  const good = readFileSync(file);
  const victim = join(folder, "victim");
  for (const makeLink of [symlinkSync, linkSync]) {
    rmSync(file);
    writeFileSync(victim, good, { mode: 0o600 });
    makeLink(victim, file);
    expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
    expect(statSync(file).ino).not.toBe(statSync(victim).ino);
    expect(statSync(file).nlink).toBe(1);
    rmSync(victim);
  }
});

test("a folder that others can write to is not used", () => {
  mkdirSync(cacheDir, { recursive: true });
  chmodSync(cacheDir, 0o770);
  expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
  expect(readdirSync(cacheDir)).toEqual([]);
});

test("where no folder can be made the profile is compiled all the same", () => {
  writeFileSync(join(folder, "made"), "");
  expect(cachedFilter(PROFILE, HOST, cacheDir)).toEqual(COMPILED);
  expect(existsSync(cacheDir)).toBe(false);
});

test("a folder that is full is emptied", () => {
  mkdirSync(cacheDir, { recursive: true, mode: 0o700 });
  for (let i = 0; i < 64; i++) writeFileSync(join(cacheDir, `${i}`), "");
  cachedFilter(PROFILE, HOST, cacheDir);
  expect(readdirSync(cacheDir).length).toBe(1);
});

test("a profile that is refused leaves nothing", () => {
  const bad = { ...PROFILE, defaultAction: "X" };
  expect(() => cachedFilter(bad, HOST, cacheDir)).toThrow("unknown action");
  expect(readdirSync(cacheDir)).toEqual([]);
});

// If this fails, the compiler makes another program of the same profile: count COMPILER_VERSION up,
// or old files stay in use, and pin the new sum here.
test("the compiler's output belongs to COMPILER_VERSION", () => {
  const sum = new Bun.CryptoHasher("sha256").update(COMPILED.program).digest("hex").slice(0, 16);
  expect([COMPILER_VERSION, sum]).toEqual([1, "3974983deb19edb5"]);
});
