// What docker takes as the name of an image, and what it says of the rest.
import { describe, expect, test } from "bun:test";
import {
  canonicalName,
  familiarName,
  formatFamiliar,
  formatReference,
  isTag,
  parseReference,
  parseRegistryHost,
  withDefaultTag,
} from "../../src/image/reference.ts";
import { UserError } from "../../src/errors.ts";

const A = "a".repeat(64);
const DIGEST = `sha256:${A}`;

// text → whole, as docker shows it
const TAKEN: readonly (readonly [string, string, string])[] = [
  ["alpine", "docker.io/library/alpine", "alpine"],
  ["alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"],
  [`alpine@${DIGEST}`, `docker.io/library/alpine@${DIGEST}`, `alpine@${DIGEST}`],
  [`alpine:3@${DIGEST}`, `docker.io/library/alpine:3@${DIGEST}`, `alpine:3@${DIGEST}`],
  ["team/app", "docker.io/team/app", "team/app"],
  ["library/alpine", "docker.io/library/alpine", "alpine"],
  ["library/a/b", "docker.io/library/a/b", "library/a/b"],
  ["docker.io/alpine", "docker.io/library/alpine", "alpine"],
  ["index.docker.io/alpine", "docker.io/library/alpine", "alpine"],
  ["docker.io/a.b/c", "docker.io/a.b/c", "docker.io/a.b/c"],
  ["localhost/app", "localhost/app", "localhost/app"],
  ["localhost", "docker.io/library/localhost", "localhost"],
  ["localhost:5000/app:x", "localhost:5000/app:x", "localhost:5000/app:x"],
  ["foo:5000", "docker.io/library/foo:5000", "foo:5000"],
  ["quay.io/a/b/c", "quay.io/a/b/c", "quay.io/a/b/c"],
  ["UPPER/foo", "UPPER/foo", "UPPER/foo"],
  ["Foo.com/a", "Foo.com/a", "Foo.com/a"],
  ["[::1]:5000/a", "[::1]:5000/a", "[::1]:5000/a"],
  ["a__b", "docker.io/library/a__b", "a__b"],
  ["a--b.c_d", "docker.io/library/a--b.c_d", "a--b.c_d"],
  ["a:Tag", "docker.io/library/a:Tag", "a:Tag"],
  [`a:${"t".repeat(128)}`, `docker.io/library/a:${"t".repeat(128)}`, `a:${"t".repeat(128)}`],
  [`x.y/${"b".repeat(255)}`, `x.y/${"b".repeat(255)}`, `x.y/${"b".repeat(255)}`],
];

const FORM = "the form is [HOST[:PORT]/]NAME[:TAG][@DIGEST], such as alpine:3.20";
const malformed = (text: string) => [text, `invalid reference format: "${text}"`, FORM] as const;

// text, what is said, the hint
const REFUSED: readonly (readonly [string, string, string?])[] = [
  ...["", "a:", ":a", "a//b", "a/b/", "/a", "-a", "a-", "a..b", "a___b", "a b", "ä", "a:b:c"].map(
    malformed,
  ),
  ...["foo:5000/", "http://a/b", "a:-x", "a/b@c", "a@sha256:abc", "a@", "_a", "a\tb", "[::1]"].map(
    (text) => [text, `invalid reference format: ${JSON.stringify(text)}`, FORM] as const,
  ),
  malformed(`a:${"t".repeat(129)}`),
  ["Foo", "invalid reference format: repository name (library/Foo) must be lowercase"],
  ["foo/Bar:x", "invalid reference format: repository name (foo/Bar) must be lowercase"],
  ["x.y/A:B", "invalid reference format: repository name (A) must be lowercase"],
  [A, `invalid repository name (${A}), cannot specify 64-byte hexadecimal strings`],
  [`x.y/${"b".repeat(256)}`, "repository name must not be more than 255 characters"],
  [`a@${DIGEST.slice(0, -1)}`, `invalid checksum digest length: ${DIGEST.slice(0, -1)}`],
  [`a@${DIGEST.toUpperCase()}`, "unsupported digest algorithm: SHA256", "bunker knows sha256"],
  [`a@sha256:${A.toUpperCase()}`, `invalid checksum digest format: sha256:${A.toUpperCase()}`],
  [`a@md5:${"0".repeat(32)}`, "unsupported digest algorithm: md5", "bunker knows sha256"],
  [`a@sha512:${A}${A}`, "unsupported digest algorithm: sha512", "bunker knows sha256"],
];

function refusalOf(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

describe("a reference", () => {
  test.each(TAKEN)("%j is taken as docker takes it", (text, whole, short) => {
    const reference = parseReference(text);
    expect(formatReference(reference)).toBe(whole);
    expect(formatFamiliar(reference)).toBe(short);
    expect(parseReference(whole)).toEqual(reference);
    expect(parseReference(short)).toEqual(reference);
  });

  test.each(REFUSED.map((row) => [row] as const))("%j is refused", ([text, message, hint]) => {
    const error = refusalOf(() => parseReference(text));
    expect(error.message).toBe(message);
    expect(error.hint).toBe(hint);
  });

  test("of any length and content is read in time", () => {
    const texts = [
      "a".repeat(1e6),
      "a-".repeat(5e5),
      "a/".repeat(5e5),
      `a:${"b".repeat(1e6)}`,
      "[".repeat(1e6),
    ];
    const start = performance.now();
    for (const text of texts)
      expect(refusalOf(() => parseReference(text)).message.length).toBeLessThan(400);
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  test("gets the tag latest only where it has neither tag nor digest", () => {
    expect(withDefaultTag(parseReference("a")).tag).toBe("latest");
    expect(withDefaultTag(parseReference("a:b")).tag).toBe("b");
    expect(withDefaultTag(parseReference(`a@${DIGEST}`)).tag).toBeUndefined();
  });

  test("has its name without tag and digest", () => {
    const reference = parseReference(`quay.io/a/b:c@${DIGEST}`);
    expect(canonicalName(reference)).toBe("quay.io/a/b");
    expect(familiarName(parseReference("alpine:x"))).toBe("alpine");
  });
});

test("a tag is up to 128 letters, digits, dots, dashes and underscores", () => {
  expect(["a", "_", "1.2-x_y", "A"].every(isTag)).toBe(true);
  expect(["", "-a", ".a", "a b", "ä", "a".repeat(129), "a\n"].some(isTag)).toBe(false);
});

describe("a registry's host", () => {
  test.each([
    ["quay.io", "quay.io"],
    ["https://quay.io/v2/", "quay.io"],
    ["http://localhost:5000", "localhost:5000"],
    ["https://index.docker.io/v1/", "docker.io"],
    ["registry-1.docker.io", "docker.io"],
  ])("%j is %j", (text, host) => expect(parseRegistryHost(text)).toBe(host));

  test.each(["", "a b", "user@host", "a:x", "-a", "ftp://a"])("%j is refused", (text) => {
    const { message } = refusalOf(() => parseRegistryHost(text));
    expect(message).toBe(`invalid registry: ${JSON.stringify(text)}`);
  });
});
