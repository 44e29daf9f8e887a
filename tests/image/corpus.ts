// Archives as strangers may send them: each with what must come of it. None may write outside the
// folder that it is unpacked into, and none may make anything but a clear refusal or a tree.

import {
  archive,
  base256,
  BLOCK,
  END,
  entry,
  gnuLong,
  join,
  latin1,
  oldSparse,
  pax,
  type RawEntry,
  sparseField,
} from "./make-tar.ts";

export interface CorpusCase {
  readonly title: string;
  readonly bytes: Uint8Array;
  /** "unpacks", or what the refusal says; "either" where it depends on the file system. */
  readonly outcome: "unpacks" | "either" | RegExp;
  /** Paths that must be there afterwards, and what their type is as `ls -l` shows it. */
  readonly there?: Readonly<Record<string, string>>;
  /** Paths that must not be. */
  readonly gone?: readonly string[];
}

/** A name that nothing else on the machine has. */
export const MARK = "bunker-corpus-mark";

const LEADS_OUT = /leads out of it/;
const TOO_EARLY = /ends too early/;

const KINDS: readonly (readonly [string, RawEntry])[] = [
  ["file", { contents: "x" }],
  ["folder", { type: "5" }],
  ["symlink", { type: "2", link: "target" }],
  ["hard link", { type: "1", link: "inside" }],
  ["fifo", { type: "6" }],
];
const INSIDE: RawEntry = { name: "inside", contents: "inside" };

export function makeCorpus(): CorpusCase[] {
  return [
    ...traversal(),
    ...symlinkedParents(),
    ...hardLinks(),
    ...devices(),
    ...sizes(),
    ...sparseFiles(),
    ...checksums(),
    ...cuts(),
    ...replacements(),
    ...whiteouts(),
    ...names(),
    ...paxRecords(),
    ...types(),
  ];
}

// ------------------------------------------------------------- ways out

function traversal(): CorpusCase[] {
  const up = "../".repeat(40);
  const leading: readonly (readonly [string, CorpusCase["outcome"]])[] = [
    [`../${MARK}`, LEADS_OUT],
    [`a/../../${MARK}`, LEADS_OUT],
    [`./../${MARK}`, LEADS_OUT],
    [`/../${MARK}`, LEADS_OUT],
    [`a/b/../../../${MARK}`, LEADS_OUT],
    [`${up.slice(0, 60)}tmp/${MARK}`, LEADS_OUT],
    [`/${MARK}`, "unpacks"],
    [`//${MARK}`, "unpacks"],
    [`a/../${MARK}`, "unpacks"],
    [`./././${MARK}`, "unpacks"],
    [`a/./b/../${MARK}`, "unpacks"],
  ];
  const made = KINDS.flatMap(([kind, raw]) =>
    leading.map(([name, outcome]) => ({
      title: `a ${kind} called ${name.slice(0, 30)}`,
      bytes: archive(INSIDE, { ...raw, name }),
      outcome,
    })),
  );
  return [
    ...made,
    {
      title: "a long GNU name that leads out",
      bytes: archive(gnuLong("L", `${up}${MARK}`), { contents: "x" }),
      outcome: LEADS_OUT,
    },
    {
      title: "a PAX path that leads out",
      bytes: archive(pax({ path: `${up}${MARK}` }), { contents: "x" }),
      outcome: LEADS_OUT,
    },
    {
      title: "a prefix that leads out",
      bytes: archive({ prefix: "..", name: MARK, contents: "x" }),
      outcome: LEADS_OUT,
    },
    {
      title: "a sparse name that leads out",
      bytes: archive(
        pax({
          "GNU.sparse.major": "0",
          "GNU.sparse.size": "0",
          "GNU.sparse.name": `../${MARK}`,
          "GNU.sparse.map": "",
        }),
        {},
      ),
      outcome: /leads out|must be a number|odd number/,
    },
    {
      title: "a folder called ..",
      bytes: archive({ name: "..", type: "5", mode: 0o777 }),
      outcome: LEADS_OUT,
    },
  ];
}

const LINK_TARGETS = [
  "/",
  "/tmp",
  "/etc",
  "..",
  "../..",
  "../../../../../../tmp",
  "/proc/self/root",
  "/proc/self/cwd",
  "/proc/1/root/tmp",
  "/dev/shm",
];

function symlinkedParents(): CorpusCase[] {
  const made = LINK_TARGETS.flatMap((target) =>
    KINDS.map(([kind, raw]) => ({
      title: `a ${kind} through a symlink to ${target}`,
      bytes: archive(INSIDE, { name: "l", type: "2", link: target }, { ...raw, name: `l/${MARK}` }),
      // /proc/self/root does not exist inside: its last part is made as a folder, or it is not.
      outcome: "unpacks" as const,
    })),
  );
  const chain = ["a", "b", "c", "d"].map((name, i, all): RawEntry => ({
    name,
    type: "2",
    link: all[i + 1] ?? "../../..",
  }));
  return [
    ...made,
    {
      title: "a chain of symlinks that leads up",
      bytes: archive(...chain, { name: `a/${MARK}`, contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "two symlinks that lead to each other",
      bytes: archive(
        { name: "a", type: "2", link: "b" },
        { name: "b", type: "2", link: "a" },
        { name: "a/x", contents: "x" },
      ),
      outcome: /ELOOP|is no folder/,
    },
    {
      title: "a symlink to itself as a folder",
      bytes: archive({ name: "a", type: "2", link: "a" }, { name: "a/x", contents: "x" }),
      outcome: /ELOOP|is no folder/,
    },
    {
      title: "a dangling symlink as a folder",
      bytes: archive({ name: "a", type: "2", link: "b/c" }, { name: "a/x", contents: "x" }),
      outcome: "unpacks",
      there: { "b/c/x": "-" },
    },
    {
      title: "a whiteout through a symlink out",
      bytes: archive({ name: "l", type: "2", link: "/etc" }, { name: "l/.wh.passwd" }),
      outcome: "unpacks",
    },
    {
      title: "an opaque folder through a symlink out",
      bytes: archive({ name: "l", type: "2", link: "/tmp" }, { name: "l/.wh..wh..opq" }),
      outcome: "unpacks",
    },
    {
      title: "a file that replaces a symlink is written in its place",
      bytes: archive({ name: "l", type: "2", link: `/tmp/${MARK}` }, { name: "l", contents: "x" }),
      outcome: "unpacks",
      there: { l: "-" },
    },
    {
      title: "a folder that replaces a symlink out, and a file in it",
      bytes: archive(
        { name: "l", type: "2", link: "/tmp" },
        { name: "l", type: "5" },
        { name: `l/${MARK}`, contents: "x" },
      ),
      outcome: "unpacks",
      there: { l: "d", [`l/${MARK}`]: "-" },
    },
    {
      title: "a symlink that takes the place of an open folder",
      bytes: archive(
        { name: "d", type: "5" },
        { name: "d/a", contents: "x" },
        { name: "d", type: "2", link: "/tmp" },
        { name: `d/${MARK}`, contents: "x" },
      ),
      outcome: "unpacks",
    },
    {
      title: "a symlink in the path of an open folder",
      bytes: archive(
        { name: "a/b/c", contents: "x" },
        { name: "a", type: "2", link: "/tmp" },
        { name: `a/b/${MARK}`, contents: "x" },
      ),
      outcome: "unpacks",
    },
    {
      title: "an empty symlink",
      bytes: archive({ name: "l", type: "2", link: "" }),
      outcome: /symlink.*ENOENT/,
    },
    {
      title: "a symlink of 5000 bytes",
      bytes: archive(gnuLong("K", "x".repeat(5000)), { name: "l", type: "2" }),
      outcome: /symlink.*ENAMETOOLONG/,
    },
    {
      title: "a symlink of invalid UTF-8",
      bytes: archive({ name: "l", type: "2", link: "\xff\xfe" }),
      outcome: "unpacks",
      there: { l: "l" },
    },
    {
      title: "a symlink with contents said to follow",
      bytes: archive({ name: "l", type: "2", link: "x", size: 512 }, { name: "f", contents: "x" }),
      outcome: "unpacks",
      there: { f: "-" },
    },
  ];
}

function hardLinks(): CorpusCase[] {
  const link = (target: string, name = "h"): RawEntry => ({ name, type: "1", link: target });
  const missing = /hard link to .*, which is not there/;
  return [
    {
      title: "a hard link that leads up",
      bytes: archive(link("../../../../etc/passwd")),
      outcome: LEADS_OUT,
    },
    {
      title: "a hard link to an absolute path is looked for inside",
      bytes: archive(link("/etc/passwd")),
      outcome: missing,
    },
    {
      title: "a hard link through a symlink out",
      bytes: archive({ name: "l", type: "2", link: "/etc" }, link("l/passwd")),
      outcome: missing,
    },
    {
      title: "a hard link to a symlink is one of the symlink",
      bytes: archive({ name: "l", type: "2", link: "/etc/passwd" }, link("l")),
      outcome: "unpacks",
      there: { h: "l" },
    },
    {
      title: "writing through a hard link to a symlink",
      bytes: archive({ name: "l", type: "2", link: `/tmp/${MARK}` }, link("l"), {
        name: "h",
        contents: "x",
      }),
      outcome: "unpacks",
      there: { h: "-", l: "l" },
    },
    {
      title: "a hard link to itself",
      bytes: archive({ name: "h", contents: "x" }, link("h")),
      outcome: "unpacks",
      there: { h: "-" },
    },
    {
      title: "a hard link to itself that is not there",
      bytes: archive(link("h")),
      outcome: "either",
      gone: ["h"],
    },
    { title: "a hard link to nothing", bytes: archive(link("nothing")), outcome: missing },
    {
      title: "a hard link to what comes later",
      bytes: archive(link("later"), { name: "later" }),
      outcome: missing,
    },
    {
      title: "a hard link to a folder",
      bytes: archive({ name: "d", type: "5" }, link("d")),
      outcome: /link.*EPERM/,
    },
    { title: "a hard link to the root", bytes: archive(link("/")), outcome: /hard link|link.*E/ },
    {
      title: "a hard link with an empty target",
      bytes: archive(link("")),
      outcome: /hard link|link.*E/,
    },
    {
      title: "a hard link that replaces a file",
      bytes: archive({ name: "a", contents: "a" }, { name: "h", contents: "h" }, link("a")),
      outcome: "unpacks",
      there: { h: "-" },
    },
    {
      title: "a hard link that replaces its target's folder",
      bytes: archive({ name: "d/a", contents: "a" }, link("d/a", "d")),
      outcome: missing,
    },
    {
      title: "a hard link to a fifo",
      bytes: archive({ name: "p", type: "6" }, link("p")),
      outcome: "unpacks",
      there: { h: "p" },
    },
    {
      title: "a hard link to a whiteout",
      bytes: archive({ name: ".wh.w" }, link("w")),
      outcome: "unpacks",
    },
    {
      title: "a thousand hard links",
      bytes: archive(
        { name: "a", contents: "a" },
        ...Array.from({ length: 1000 }, (_, i) => link("a", `h${i}`)),
      ),
      outcome: "unpacks",
      there: { h999: "-" },
    },
    {
      title: "a hard link in a folder that is missing",
      bytes: archive({ name: "a" }, link("a", "x/y/h")),
      outcome: "unpacks",
      there: { "x/y/h": "-" },
    },
  ];
}

function devices(): CorpusCase[] {
  const range = /device number .* is out of range/;
  const device = (raw: RawEntry) => archive({ name: "dev", type: "3", ...raw });
  return [
    { title: "a device with a huge major number", bytes: device({ major: 4096 }), outcome: range },
    {
      title: "a device with a huge minor number",
      bytes: device({ minor: 0o7777777 }),
      outcome: range,
    },
    {
      title: "a device with a negative number",
      bytes: device({ major: new Uint8Array(8).fill(0xff) }),
      outcome: range,
    },
    {
      title: "a device whose number is no number",
      bytes: device({ major: "abc" }),
      outcome: /no octal number/,
    },
    {
      title: "a block device",
      bytes: archive({ name: "disk", type: "4", major: 8, minor: 0 }),
      outcome: "unpacks",
    },
    { title: "a device 0, 0 is a whiteout", bytes: device({}), outcome: "unpacks" },
    {
      title: "a device below a file",
      bytes: archive({ name: "f" }, { name: "f/null", type: "3", major: 1, minor: 3 }),
      outcome: /is no folder/,
    },
    {
      title: "a device with contents said to follow",
      bytes: archive({ name: "n", type: "3", major: 1, minor: 3, size: 1024 }, { name: "f" }),
      outcome: "unpacks",
      there: { f: "-" },
    },
    {
      title: "a fifo with the set-user-id bit",
      bytes: archive({ name: "p", type: "6", mode: 0o6777 }),
      outcome: "unpacks",
      there: { p: "p" },
    },
  ];
}

// ------------------------------------------------------------- what is not as it says

function sizes(): CorpusCase[] {
  const file = (size: RawEntry["size"], contents = "") =>
    archive({ ...(size === undefined ? {} : { size }), contents });
  return [
    {
      title: "a size of 8 GiB with nothing behind it",
      bytes: file(0o77777777777),
      outcome: TOO_EARLY,
    },
    {
      title: "a size of 4 GiB with little behind it",
      bytes: file(4 * 1024 ** 3, "x".repeat(2000)),
      outcome: TOO_EARLY,
    },
    { title: "a size of 2^62", bytes: file(base256(1n << 62n, 12)), outcome: /too large/ },
    { title: "a size of 2^52", bytes: file(base256(1n << 52n, 12)), outcome: TOO_EARLY },
    { title: "a negative size", bytes: file(new Uint8Array(12).fill(0xff)), outcome: /negative/ },
    { title: "a size of letters", bytes: file("1234abcd"), outcome: /no octal number/ },
    { title: "a size with an 8", bytes: file("00000000008"), outcome: /no octal number/ },
    {
      title: "a size with spaces around",
      bytes: archive({ size: "     1 ", contents: "x" }),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "a size of spaces",
      bytes: archive({ size: "           " }),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "a PAX size of 20 digits",
      bytes: archive(pax({ size: "9".repeat(20) }), {}),
      outcome: /must be a number/,
    },
    {
      title: "a negative PAX size",
      bytes: archive(pax({ size: "-1" }), {}),
      outcome: /must be a number/,
    },
    {
      title: "a PAX size with an exponent",
      bytes: archive(pax({ size: "1e3" }), {}),
      outcome: /must be a number/,
    },
    {
      title: "a PAX size that is larger than what follows",
      bytes: archive(pax({ size: "100000" }), { contents: "x" }),
      outcome: TOO_EARLY,
    },
    {
      title: "a PAX size in place of the header's",
      bytes: archive(pax({ size: "3" }), { size: 0, contents: "abc" }),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "an owner of 2^32 - 1",
      bytes: archive({ uid: base256(0xffffffffn, 8) }),
      outcome: /out of range/,
    },
    {
      title: "an owner of 2^40",
      bytes: archive({ uid: base256(1n << 40n, 8) }),
      outcome: /out of range/,
    },
    {
      title: "a negative owner",
      bytes: archive({ gid: new Uint8Array(8).fill(0xff) }),
      outcome: /out of range/,
    },
    {
      title: "a PAX owner of 2^32",
      bytes: archive(pax({ uid: "4294967296" }), {}),
      outcome: /out of range/,
    },
    {
      title: "a time of 2^62",
      bytes: archive({ time: base256(1n << 62n, 12) }),
      outcome: /too large/,
    },
    {
      title: "a time before 1970",
      bytes: archive({ time: new Uint8Array(12).fill(0xff) }),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "a time in the year 40000",
      bytes: archive({ time: base256(1_200_000_000_000n, 12) }),
      outcome: "unpacks",
    },
    {
      title: "a mode with bits of all kinds",
      bytes: archive({ mode: 0o7777777 }),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "a folder of mode 0 with a file in it",
      bytes: archive({ name: "d", type: "5", mode: 0 }, { name: "d/f", contents: "x" }),
      outcome: "unpacks",
      there: { d: "d" },
    },
  ];
}

function sparseFiles(): CorpusCase[] {
  const misfit = /pieces of a sparse file/;
  const v1 = (map: string, size: string, contents: string) => {
    const lines = map + "\0".repeat((BLOCK - (map.length % BLOCK)) % BLOCK);
    return archive(
      pax({
        "GNU.sparse.major": "1",
        "GNU.sparse.minor": "0",
        "GNU.sparse.name": "sparse",
        "GNU.sparse.realsize": size,
      }),
      { contents: lines + contents },
    );
  };
  const v01 = (map: string, size: string, contents: string) =>
    archive(pax({ "GNU.sparse.size": size, "GNU.sparse.map": map, "GNU.sparse.name": "sparse" }), {
      contents,
    });
  const GIB = 1024 ** 3;
  const endless = join(
    ...Array.from({ length: 3 }, () => {
      const block = new Uint8Array(BLOCK);
      block[504] = 1;
      return block;
    }),
  );
  const more = join(sparseField([[1024, 1]]), new Uint8Array(BLOCK - 24));
  return [
    {
      title: "an old sparse file of 4 GiB",
      bytes: archive(oldSparse("sparse", [[4 * GIB - 4, 4]], 4 * GIB, "tail")),
      outcome: "unpacks",
      there: { sparse: "-" },
    },
    {
      title: "an old sparse file that is one hole",
      bytes: archive(oldSparse("sparse", [], 100_000, "")),
      outcome: "unpacks",
      there: { sparse: "-" },
    },
    {
      title: "an old sparse file with more pieces",
      bytes: archive(
        oldSparse(
          "sparse",
          [
            [0, 1],
            [10, 1],
            [20, 1],
            [30, 1],
          ],
          2048,
          "abcde",
          more,
        ),
      ),
      outcome: "unpacks",
      there: { sparse: "-" },
    },
    {
      title: "an old sparse file of 2^62 bytes",
      bytes: archive(oldSparse("sparse", [], 1n << 62n, "")),
      outcome: /too large/,
    },
    {
      title: "an old sparse file of 2^52 bytes",
      bytes: archive(oldSparse("sparse", [], 1n << 52n, "")),
      outcome: /ftruncate.*EFBIG/,
    },
    {
      title: "an old sparse file with a piece behind its end",
      bytes: archive(oldSparse("sparse", [[100, 4]], 50, "abcd")),
      outcome: misfit,
    },
    {
      title: "an old sparse file with pieces over each other",
      bytes: archive(
        oldSparse(
          "sparse",
          [
            [0, 4],
            [2, 4],
          ],
          50,
          "abcdefgh",
        ),
      ),
      outcome: misfit,
    },
    {
      title: "an old sparse file that stores less than it says",
      bytes: archive(oldSparse("sparse", [[0, 40]], 50, "abcd")),
      outcome: misfit,
    },
    {
      title: "an old sparse file that stores more than it says",
      bytes: archive(oldSparse("sparse", [[0, 1]], 50, "abcd")),
      outcome: misfit,
    },
    {
      title: "an old sparse file whose map never ends",
      bytes: archive(oldSparse("sparse", [[0, 1]], 50, "a", endless)),
      outcome: /does not end/,
    },
    {
      title: "a sparse file 1.0",
      bytes: v1("2\n0\n4\n1000\n4\n", "2000", "headtail"),
      outcome: "unpacks",
      there: { sparse: "-" },
    },
    {
      title: "a sparse file 1.0 of 4 GiB",
      bytes: v1(`1\n${4 * GIB}\n4\n`, String(4 * GIB + 4), "tail"),
      outcome: "unpacks",
      there: { sparse: "-" },
    },
    {
      title: "a sparse file 1.0 with a map of letters",
      bytes: v1("x\n", "10", ""),
      outcome: /must be a number/,
    },
    {
      title: "a sparse file 1.0 with a million pieces",
      bytes: v1("1000000\n", "10", ""),
      outcome: /too many pieces/,
    },
    {
      title: "a sparse file 1.0 without lines",
      bytes: v1("9".repeat(600), "10", ""),
      outcome: /no numbers/,
    },
    {
      title: "a sparse file 1.0 whose map is cut",
      bytes: v1("5\n1\n", "10", ""),
      outcome: /map is longer|ends too early/,
    },
    {
      title: "a sparse file 1.0 with a negative piece",
      bytes: v1("1\n-5\n1\n", "10", "x"),
      outcome: /must be a number/,
    },
    {
      title: "a sparse file 0.1",
      bytes: v01("0,4,1000,4", "2000", "headtail"),
      outcome: "unpacks",
      there: { sparse: "-" },
    },
    {
      title: "a sparse file 0.1 with an odd map",
      bytes: v01("0,4,1000", "2000", "head"),
      outcome: /odd number/,
    },
    {
      title: "a sparse file 0.1 with no map",
      bytes: v01("", "2000", ""),
      outcome: /odd number|must be a number/,
    },
    {
      title: "a sparse file 0.1 with a piece too far",
      bytes: v01("0,4,1999,4", "2000", "headtail"),
      outcome: misfit,
    },
    {
      title: "a sparse file 0.0",
      bytes: archive(
        pax("22 GNU.sparse.size=20\n" + "23 GNU.sparse.offset=1\n" + "25 GNU.sparse.numbytes=2\n"),
        { contents: "ab" },
      ),
      outcome: "unpacks",
    },
    {
      title: "a sparse size of 30 digits",
      bytes: v01("0,1", "9".repeat(30), "x"),
      outcome: /must be a number/,
    },
  ];
}

function checksums(): CorpusCase[] {
  return [
    { title: "a wrong checksum", bytes: archive({ checksum: "wrong" }), outcome: /checksum/ },
    { title: "a checksum of zeros", bytes: archive({ checksum: "zero" }), outcome: /checksum/ },
    {
      title: "a checksum of letters",
      bytes: archive({ checksum: "garbage!" }),
      outcome: /no octal number/,
    },
    {
      title: "a signed checksum",
      bytes: archive({ name: "\xe4\xf6\xfc", checksum: "signed" }),
      outcome: "unpacks",
    },
    {
      title: "a second header with a wrong checksum",
      bytes: archive({ name: "a", contents: "x" }, { checksum: "wrong" }),
      outcome: /checksum/,
    },
    { title: "text", bytes: latin1("hello, world\n".repeat(100)), outcome: /checksum|octal/ },
    {
      title: "an ELF file",
      bytes: join(latin1("\x7fELF\x02\x01\x01"), new Uint8Array(1017)),
      outcome: /checksum|octal/,
    },
    {
      title: "bytes of 0xff",
      bytes: new Uint8Array(4096).fill(0xff),
      outcome: /checksum|octal|large/,
    },
    {
      title: "a number sequence",
      bytes: Uint8Array.from({ length: 4096 }, (_, i) => (i * 7 + 13) & 0xff),
      outcome: /checksum|octal|large/,
    },
    {
      title: "garbage between entries",
      bytes: join(entry({ name: "a" }), latin1("garbage".repeat(100)), END),
      outcome: /checksum|octal/,
    },
    {
      title: "contents that are not filled up",
      bytes: archive({ contents: "x", padded: false }, { name: "b" }),
      outcome: "either",
    },
  ];
}

function cuts(): CorpusCase[] {
  const whole = archive(
    pax({ path: "long" }),
    { contents: "x".repeat(1500) },
    gnuLong("L", "name"),
    { name: "b", contents: "y" },
  );
  const places = [
    1, 100, 511, 513, 530, 600, 1023, 1025, 1500, 1537, 2000, 2559, 2800, 3071, 3073, 3100, 3583,
    3585, 4100, 4608, 4609, 5000,
  ];
  const made = places.map((length): CorpusCase => ({
    title: `an archive that is cut after ${length} bytes`,
    bytes: whole.subarray(0, length),
    outcome: TOO_EARLY,
  }));
  return [
    ...made,
    { title: "an empty file", bytes: new Uint8Array(), outcome: "unpacks" },
    { title: "an archive without entries", bytes: END, outcome: "unpacks" },
    {
      title: "an archive without an end",
      bytes: entry({ contents: "x" }),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "an archive with half an end",
      bytes: join(entry({ contents: "x" }), new Uint8Array(BLOCK)),
      outcome: "unpacks",
      there: { file: "-" },
    },
    {
      title: "what comes after the end is not read",
      bytes: join(archive({ name: "a" }), entry({ name: MARK })),
      outcome: "unpacks",
      gone: [MARK],
    },
    {
      title: "zeros between entries",
      bytes: join(entry({ name: "a" }), new Uint8Array(BLOCK), entry({ name: "b" }), END),
      outcome: "unpacks",
      there: { b: "-" },
    },
    { title: "a megabyte of zeros", bytes: new Uint8Array(1024 * 1024), outcome: "unpacks" },
    {
      title: "a PAX header and nothing after it",
      bytes: join(pax({ path: "x" }), END),
      outcome: /early/,
    },
    {
      title: "a long name and nothing after it",
      bytes: join(gnuLong("L", "x"), END),
      outcome: /early/,
    },
  ];
}

// ------------------------------------------------------------- what takes the place of what

function replacements(): CorpusCase[] {
  const kinds: readonly (readonly [string, RawEntry, string])[] = [
    ["file", { contents: "x" }, "-"],
    ["folder", { type: "5" }, "d"],
    ["symlink", { type: "2", link: "/tmp" }, "l"],
    ["hard link", { type: "1", link: "inside" }, "-"],
    ["fifo", { type: "6" }, "p"],
  ];
  const pairs = kinds.flatMap(([first, a]) =>
    kinds.map(([second, b, letter]): CorpusCase => ({
      title: `a ${first}, then a ${second} of the same name`,
      bytes: archive(INSIDE, { ...a, name: "n" }, { ...b, name: "n" }),
      outcome: "unpacks",
      there: { n: letter },
    })),
  );
  const full = kinds.map(([kind, raw, letter]): CorpusCase => ({
    title: `a full folder, then a ${kind} of the same name`,
    bytes: archive(
      INSIDE,
      { name: "n/a/b", contents: "x" },
      { name: "n/l", type: "2", link: "/tmp" },
      { ...raw, name: "n" },
    ),
    outcome: "unpacks",
    there: { n: letter },
    gone: kind === "folder" ? [] : ["n/a"],
  }));
  return [
    ...pairs,
    ...full,
    {
      title: "a file below a file",
      bytes: archive({ name: "f" }, { name: "f/g", contents: "x" }),
      outcome: /"f" is no folder/,
    },
    {
      title: "a file below a fifo",
      bytes: archive({ name: "f", type: "6" }, { name: "f/g", contents: "x" }),
      outcome: /"f" is no folder/,
    },
    {
      title: "a file called as the root",
      bytes: archive({ name: ".", contents: "x" }, { name: "a" }),
      outcome: "unpacks",
      there: { a: "-" },
    },
    {
      title: "a symlink called as the root",
      bytes: archive({ name: "./", type: "2", link: "/tmp" }, { name: MARK, contents: "x" }),
      outcome: "unpacks",
      there: { [MARK]: "-" },
    },
    {
      title: "a whiteout called as the root's",
      bytes: archive({ name: "./.wh../" }),
      outcome: /whiteout of nothing/,
    },
    {
      title: "the same file a hundred times",
      bytes: archive(...Array.from({ length: 100 }, () => ({ name: "n", contents: "x" }))),
      outcome: "unpacks",
      there: { n: "-" },
    },
  ];
}

function whiteouts(): CorpusCase[] {
  const nothing = /whiteout of nothing/;
  const of = (...names: readonly string[]) => archive(...names.map((name) => ({ name })));
  return [
    {
      title: "a whiteout",
      bytes: of(".wh.a"),
      outcome: "unpacks",
      there: { a: "c" },
      gone: [".wh.a"],
    },
    {
      title: "a whiteout in a folder that is missing",
      bytes: of("d/.wh.a"),
      outcome: "unpacks",
      there: { "d/a": "c" },
    },
    { title: "a whiteout without a name", bytes: of(".wh."), outcome: nothing },
    { title: "a whiteout of .", bytes: of(".wh.."), outcome: nothing },
    { title: "a whiteout of ..", bytes: of("d/.wh..."), outcome: nothing },
    {
      title: "a whiteout of a whiteout",
      bytes: of(".wh..wh.a"),
      outcome: "unpacks",
      gone: [".wh.a", "a", ".wh..wh.a"],
    },
    { title: "aufs's own", bytes: of(".wh..wh.plnk/1.2", ".wh..wh.aufs"), outcome: "unpacks" },
    {
      title: "an opaque root",
      bytes: of(".wh..wh..opq"),
      outcome: "unpacks",
      gone: [".wh..wh..opq"],
    },
    {
      title: "an opaque folder before its entry",
      bytes: archive({ name: "d/.wh..wh..opq" }, { name: "d", type: "5" }),
      outcome: "unpacks",
      there: { d: "d" },
    },
    {
      title: "a whiteout after its entry keeps the entry",
      bytes: archive({ name: "a", contents: "x" }, { name: ".wh.a" }),
      outcome: "unpacks",
      there: { a: "-" },
    },
    {
      title: "a whiteout before its entry gives way",
      bytes: archive({ name: ".wh.a" }, { name: "a", contents: "x" }),
      outcome: "unpacks",
      there: { a: "-" },
    },
    {
      title: "a whiteout of a folder that is there too",
      bytes: archive({ name: "d/x" }, { name: ".wh.d" }),
      outcome: "unpacks",
      there: { "d/x": "-" },
    },
    {
      title: "a file below a whiteout",
      bytes: archive({ name: ".wh.d" }, { name: "d/x", contents: "x" }),
      outcome: "unpacks",
      there: { "d/x": "-" },
    },
    {
      title: "a whiteout twice",
      bytes: of(".wh.a", ".wh.a"),
      outcome: "unpacks",
      there: { a: "c" },
    },
    {
      title: "a whiteout that is a folder",
      bytes: archive({ name: ".wh.d", type: "5" }),
      outcome: "unpacks",
      there: { d: "c" },
    },
    { title: "a file below a whiteout's own name", bytes: of(".wh.d/x"), outcome: "unpacks" },
    {
      title: "a whiteout that is a symlink",
      bytes: archive({ name: ".wh.a", type: "2", link: "/tmp" }),
      outcome: "unpacks",
      there: { a: "c" },
    },
    {
      title: "a whiteout with contents",
      bytes: archive({ name: ".wh.a", contents: "x".repeat(600) }, { name: "b" }),
      outcome: "unpacks",
      there: { a: "c", b: "-" },
    },
    {
      title: "a whiteout with a name of 255 bytes",
      bytes: archive(gnuLong("L", `.wh.${"n".repeat(255)}`), {}),
      outcome: "unpacks",
      there: { ["n".repeat(255)]: "c" },
    },
    {
      title: "a whiteout with a name of 256 bytes",
      bytes: archive(gnuLong("L", `.wh.${"n".repeat(256)}`), {}),
      outcome: /ENAMETOOLONG/,
    },
    {
      title: "forty nested whiteouts",
      bytes: of(...Array.from({ length: 40 }, (_, i) => `${"d/".repeat(i)}.wh.x`)),
      outcome: "unpacks",
      there: { "d/d/x": "c" },
    },
    {
      title: "overlay's own attributes are left out",
      bytes: archive(
        pax({
          "SCHILY.xattr.trusted.overlay.redirect": "/etc",
          "SCHILY.xattr.user.overlay.metacopy": "",
        }),
        { name: "d", type: "5" },
      ),
      outcome: "unpacks",
      there: { d: "d" },
    },
  ];
}

// ------------------------------------------------------------- names

function names(): CorpusCase[] {
  const long = (text: string): Uint8Array => archive(gnuLong("L", text), { contents: "x" });
  const deep = (depth: number) => `${"d/".repeat(depth)}f`;
  return [
    {
      title: "a name of invalid UTF-8",
      bytes: archive({ name: "\xff\xfe\x80", contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "a name of overlong UTF-8 for ../",
      bytes: archive({ name: "\xc0\xae\xc0\xae\xc0\xaf" + MARK, contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "a name with a line end",
      bytes: archive({ name: "a\nb", contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "a name of control characters",
      bytes: archive({ name: "\x01\x1b[31m\x7f", contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "a name with backslashes",
      bytes: archive({ name: "..\\..\\x", contents: "x" }),
      outcome: "unpacks",
      there: { "..\\..\\x": "-" },
    },
    {
      title: "a name of dots",
      bytes: archive({ name: ".../....", contents: "x" }),
      outcome: "unpacks",
      there: { ".../....": "-" },
    },
    {
      title: "an empty name",
      bytes: archive({ name: "", contents: "x" }),
      outcome: /checksum|octal|early|unpacks/,
    },
    {
      title: "an empty PAX path falls back to the header's",
      bytes: archive(pax({ path: "" }), { name: "a" }),
      outcome: "unpacks",
      there: { a: "-" },
    },
    {
      title: "a name of slashes",
      bytes: archive({ name: "////", contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "a file whose name ends with a slash is a folder",
      bytes: archive({ name: "d/" }),
      outcome: "unpacks",
      there: { d: "d" },
    },
    {
      title: "a PAX path with a zero byte",
      bytes: archive(pax({ path: `a\0/../../${MARK}` }), {}),
      outcome: /zero byte/,
    },
    {
      title: "a PAX link with a zero byte",
      bytes: archive(pax({ linkpath: "a\0b" }), { type: "2" }),
      outcome: /zero byte/,
    },
    {
      title: "a name of 255 bytes",
      bytes: long("n".repeat(255)),
      outcome: "unpacks",
      there: { ["n".repeat(255)]: "-" },
    },
    { title: "a name of 256 bytes", bytes: long("n".repeat(256)), outcome: /ENAMETOOLONG/ },
    {
      title: "a path of 4000 bytes",
      bytes: long(`${`${"n".repeat(99)}/`.repeat(40)}`.slice(0, 3990) + "f"),
      outcome: "unpacks",
    },
    {
      title: "a path of 5000 bytes",
      bytes: long(`${"n".repeat(99)}/`.repeat(50) + "f"),
      outcome: /ENAMETOOLONG/,
    },
    {
      title: "a path of 100,000 bytes",
      bytes: long("n/".repeat(50_000) + "f"),
      outcome: /ENAMETOOLONG/,
    },
    { title: "folders 500 deep", bytes: long(deep(500)), outcome: "unpacks", there: { d: "d" } },
    { title: "folders 2000 deep", bytes: long(deep(2000)), outcome: "unpacks", there: { d: "d" } },
    {
      title: "a long name of 2 MB",
      bytes: long("n".repeat(2 * 1024 * 1024)),
      outcome: /too large/,
    },
    {
      title: "two long names, the last of which counts",
      bytes: archive(gnuLong("L", "first"), gnuLong("L", "second"), {}),
      outcome: "unpacks",
      there: { second: "-" },
      gone: ["first"],
    },
    {
      title: "an old name that fills its field",
      bytes: archive({ name: "n".repeat(100), contents: "x" }),
      outcome: "unpacks",
      there: { ["n".repeat(100)]: "-" },
    },
    {
      title: "a name and a prefix that fill their fields",
      bytes: archive({ name: "n".repeat(100), prefix: "p".repeat(155), contents: "x" }),
      outcome: "unpacks",
    },
    {
      title: "a GNU header's prefix is none",
      bytes: archive({ name: "a", magic: "ustar  \0", prefix: ".." }),
      outcome: "unpacks",
      there: { a: "-" },
    },
    {
      title: "a v7 header",
      bytes: archive({ name: "a", magic: "\0".repeat(8), contents: "x" }),
      outcome: "unpacks",
      there: { a: "-" },
    },
  ];
}

function paxRecords(): CorpusCase[] {
  const record = (text: string) => archive(pax(text), { name: "f" });
  const xattr = (name: string, value: string) =>
    archive(pax({ [`SCHILY.xattr.${name}`]: value }), { name: "f" });
  const length = /length of a PAX record/;
  return [
    { title: "a PAX record with too short a length", bytes: record("5 path=a\n"), outcome: length },
    { title: "a PAX record with too long a length", bytes: record("50 path=a\n"), outcome: length },
    { title: "a PAX record with a length of 0", bytes: record("0 path=a\n"), outcome: length },
    { title: "a PAX record with a negative length", bytes: record("-9 path=a\n"), outcome: length },
    {
      title: "a PAX record with a hexadecimal length",
      bytes: record("0x9 path=a\n"),
      outcome: length,
    },
    {
      title: "a PAX record without a length",
      bytes: record("path=aaaaaaaaaaaaa\n"),
      outcome: /no length/,
    },
    {
      title: "a PAX record with a length of 20 digits",
      bytes: record(`${"1".repeat(20)} path=a\n`),
      outcome: /no length/,
    },
    { title: "a PAX record without =", bytes: record("9 pathab\n"), outcome: /no value/ },
    { title: "a PAX record without a line end", bytes: record("9 path=ab"), outcome: length },
    {
      title: "a PAX header of 2 MB",
      bytes: archive(pax({ comment: "x".repeat(2 * 1024 * 1024) }), {}),
      outcome: /too large/,
    },
    {
      title: "a PAX header that says it has 8 GiB",
      bytes: archive({ type: "x", size: 0o77777777777 }),
      outcome: /too large/,
    },
    {
      title: "an empty PAX header",
      bytes: archive(pax(""), { name: "f" }),
      outcome: "unpacks",
      there: { f: "-" },
    },
    {
      title: "ten thousand PAX records",
      bytes: record("9 path=f\n".repeat(10_000)),
      outcome: "unpacks",
      there: { f: "-" },
    },
    {
      title: "a key of __proto__",
      bytes: archive(pax({ __proto__: "x", constructor: "y" } as Record<string, string>), {
        name: "f",
      }),
      outcome: "unpacks",
    },
    {
      title: "a global header is left out",
      bytes: archive(pax({ path: `../${MARK}` }, "g"), { name: "f" }),
      outcome: "unpacks",
      there: { f: "-" },
    },
    {
      title: "a time that is none",
      bytes: archive(pax({ mtime: "yesterday" }), {}),
      outcome: /is no time/,
    },
    { title: "a time of NaN", bytes: archive(pax({ mtime: "NaN" }), {}), outcome: /is no time/ },
    {
      title: "a time with a fraction of 30 digits",
      bytes: archive(pax({ mtime: `1.${"9".repeat(30)}` }), {}),
      outcome: "unpacks",
    },
    {
      title: "a time before 1970 with a fraction",
      bytes: archive(pax({ mtime: "-1.5" }), {}),
      outcome: "unpacks",
    },
    {
      title: "a time of 40 digits",
      bytes: archive(pax({ mtime: "9".repeat(40) }), {}),
      outcome: /is no time/,
    },
    { title: "an attribute without a name", bytes: xattr("", "x"), outcome: /setxattr|unpacks/ },
    { title: "an attribute of no namespace", bytes: xattr("nonsense", "x"), outcome: "either" },
    {
      title: "an attribute with a name of 300 bytes",
      bytes: xattr(`user.${"n".repeat(300)}`, "x"),
      outcome: /setxattr.*ERANGE/,
    },
    {
      title: "an attribute of 70,000 bytes",
      bytes: xattr("user.big", "x".repeat(70_000)),
      outcome: /setxattr.*(E2BIG|ENOSPC)/,
    },
    {
      title: "capabilities that are none",
      bytes: xattr("security.capability", "garbage"),
      outcome: "either",
    },
    {
      title: "an access list that is none",
      bytes: xattr("system.posix_acl_access", "garbage"),
      outcome: "either",
    },
    {
      title: "an attribute on a symlink",
      bytes: archive(pax({ "SCHILY.xattr.user.x": "y" }), {
        name: "l",
        type: "2",
        link: "/etc/passwd",
      }),
      outcome: "unpacks",
      there: { l: "l" },
    },
    {
      title: "libarchive's attributes",
      bytes: archive(pax({ "LIBARCHIVE.xattr.user.a%20b": "eA==" }), { name: "f" }),
      outcome: "either",
    },
    {
      title: "PAX and a GNU name: PAX counts",
      bytes: archive(gnuLong("L", "gnu"), pax({ path: "pax" }), {}),
      outcome: "unpacks",
      there: { pax: "-" },
      gone: ["gnu"],
    },
  ];
}

function types(): CorpusCase[] {
  const unknown = [..."89AEINMUZa*?\x80"].map((type): CorpusCase => ({
    title: `an entry of type ${JSON.stringify(type)}`,
    bytes: archive({ type, contents: "x" }),
    outcome: /not supported/,
  }));
  return [
    ...unknown,
    {
      title: "a volume's label",
      bytes: archive({ name: "label", type: "V" }, { name: "f" }),
      outcome: "unpacks",
      there: { f: "-" },
      gone: ["label"],
    },
    {
      title: "a folder with a list of names (GNU D)",
      bytes: archive({ name: "d", type: "D", contents: "Yfile\0\0" }, { name: "f" }),
      outcome: "unpacks",
      there: { d: "d", f: "-" },
    },
    {
      title: "a contiguous file",
      bytes: archive({ name: "f", type: "7", contents: "x" }),
      outcome: "unpacks",
      there: { f: "-" },
    },
    {
      title: "a file of type zero",
      bytes: archive({ name: "f", type: "\0", contents: "x" }),
      outcome: "unpacks",
      there: { f: "-" },
    },
    {
      title: "Solaris's extended header",
      bytes: archive(pax({ path: "sun" }, "X"), {}),
      outcome: "unpacks",
      there: { sun: "-" },
    },
  ];
}
