// Every archive of the corpus, unpacked: nothing outside its folder changes, and what is refused is
// refused in a line. Whoever runs this need not be root: devices and owners are left out then.

import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { SyscallError } from "../../ffi/syscall-error.ts";
import { UserError } from "../../src/errors.ts";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { TarReader } from "../../src/image/layer/tar-reader.ts";
import { LayerUnpacker } from "../../src/image/layer/unpack.ts";
import { type CorpusCase, makeCorpus, MARK } from "./corpus.ts";

const site = mkdtempSync(`${tmpdir()}/bunker-corpus-`);
const corpus = makeCorpus();

// On a busy disk it takes a while to remove folders that are 2000 deep.
afterAll(() => removeTreeDeep(site), 120_000);

interface Outcome {
  readonly error: unknown;
  readonly folder: string;
}

/** Unpacks below a folder of its own, in pieces of `pieceBytes`. */
function unpack({ bytes }: CorpusCase, pieceBytes: number): Outcome {
  const place = mkdtempSync(`${site}/case-`);
  const folder = `${place}/diff`;
  const trash = `${place}/trash`;
  mkdirSync(folder);
  mkdirSync(trash);
  writeFileSync(`${place}/canary`, "canary");
  let error: unknown;
  try {
    using unpacker = new LayerUnpacker({ folder, trash });
    const reader = new TarReader(unpacker);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      reader.push(bytes.subarray(at, at + pieceBytes));
    }
    reader.finish();
    unpacker.finish();
  } catch (caught) {
    error = caught;
  }
  expect(readFileSync(`${place}/canary`, "utf8")).toBe("canary");
  expect(readdirSync(place).sort()).toEqual(["canary", "diff", "trash"]);
  return { error, folder };
}

const LETTERS: readonly (readonly [number, string])[] = [
  [0o100000, "-"],
  [0o040000, "d"],
  [0o120000, "l"],
  [0o010000, "p"],
  [0o020000, "c"],
];

function letterOf(path: string): string | undefined {
  const parent = path.slice(0, path.lastIndexOf("/"));
  if (!existsSync(parent) || !statSync(parent).isDirectory()) return undefined;
  const found = lstatSync(path, { throwIfNoEntry: false });
  return LETTERS.find(([type]) => found !== undefined && (found.mode & 0o170000) === type)?.[1];
}

function judge({ outcome, there, gone }: CorpusCase, { error, folder }: Outcome): void {
  if (error !== undefined) {
    // Anything else would be shown with a stack: "internal error".
    expect(error instanceof UserError || error instanceof SyscallError).toBe(true);
  }
  const message = error instanceof Error ? error.message : "unpacks";
  if (outcome === "unpacks") expect(message).toBe("unpacks");
  else if (outcome !== "either") expect(message).toMatch(outcome);
  expect(message).not.toContain("\n");
  if (error === undefined) {
    for (const [path, letter] of Object.entries(there ?? {})) {
      expect(`${letterOf(`${folder}/${path}`) ?? "nothing"} ${path}`).toBe(`${letter} ${path}`);
    }
  }
  for (const path of gone ?? []) expect(letterOf(`${folder}/${path}`)).toBeUndefined();
}

test("there are 200 archives and more, each with a title of its own", () => {
  expect(corpus.length).toBeGreaterThanOrEqual(200);
  expect(new Set(corpus.map(({ title }) => title)).size).toBe(corpus.length);
});

describe("unpacked, nothing is written outside", () => {
  for (const each of corpus) test(each.title, () => judge(each, unpack(each, 1 << 20)));
});

test("in pieces of any size it comes to the same", () => {
  for (const each of corpus.filter(({ bytes }) => bytes.length < 20_000)) {
    for (const pieceBytes of [1, 511, 513]) judge(each, unpack(each, pieceBytes));
  }
}, 120_000);

test("none of them left its mark on the machine", () => {
  for (const folder of ["/", "/tmp", "/etc", "/dev/shm", tmpdir(), site, process.cwd()]) {
    expect(existsSync(`${folder}/${MARK}`)).toBe(false);
  }
});
