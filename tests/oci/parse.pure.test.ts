import { describe, expect, test } from "bun:test";
import { formatSpec } from "../../src/oci/format.ts";
import { parseProcess, parseResources, parseSpec, parseSpecText } from "../../src/oci/parse.ts";
import { RLIM_INFINITY } from "../../src/oci/spec.ts";
import { minimalSpec, specWith } from "./minimal-spec.ts";
import { refusal } from "./refusal.ts";

describe("parseSpec", () => {
  test("reports every problem at once, a line each, in the order of the file", () => {
    const spec = specWith("process", { args: [], cwd: "tmp", user: { uid: -1 } });
    spec.hostname = 3;
    expect(refusal(() => parseSpec(spec)).split("\n")).toEqual([
      "config.json is not valid:",
      "  process.user.uid: must be between 0 and 4294967294: got -1",
      "  hostname: must be a string: got 3",
      "  process.args: must not be empty",
      '  process.cwd: must be an absolute path: got "tmp"',
    ]);
  });

  test("stops listing after a hundred problems and says how many are left", () => {
    const lines = refusal(() => parseSpec(specWith("mounts", Array(1000).fill(0)))).split("\n");
    expect(lines.length).toBe(102);
    expect(lines.at(-1)).toBe("  and 900 more");
  });

  test("escapes what a terminal would obey, and shortens what is long", () => {
    const message = refusal(() =>
      parseSpec(specWith("process.cwd", `\u001b[2J${"x".repeat(9999)}`)),
    );
    expect(message).toContain('"\\u001b[2Jxxx');
    expect(message.length).toBeLessThan(400);
  });

  test("ignores unknown fields, even where null", () => {
    const spec = specWith("linux.newThing", { a: [null] });
    spec.windows = {};
    expect(() => parseSpec(spec)).not.toThrow();
  });

  test("takes null and empty strings as absent", () => {
    const spec = parseSpec({
      ...minimalSpec(),
      hostname: "",
      mounts: null,
      annotations: { kept: "" },
      linux: { rootfsPropagation: "", resources: null, namespaces: [{ type: "mount", path: "" }] },
    });
    expect(spec.hostname).toBeUndefined();
    expect(spec.annotations).toEqual({ kept: "" });
    expect(spec.linux).toEqual({ namespaces: [{ type: "mount" }] });
    expect("mounts" in spec).toBe(false);
  });

  test("completes what Go reads as zero, and makes a relative mount destination absolute", () => {
    const spec = parseSpec({
      ...minimalSpec(),
      process: { args: ["sh"], cwd: "/" },
      mounts: [{ destination: "a/b", type: "tmpfs" }],
    });
    expect(spec.process?.user).toEqual({ uid: 0, gid: 0 });
    expect(spec.mounts?.[0]?.destination).toBe("/a/b");
  });

  test("takes pagesize for pageSize, as Go's decoder does", () => {
    const limits = [{ pagesize: "2MB", limit: 1 }];
    const spec = parseSpec(specWith("linux.resources.hugepageLimits", limits));
    expect(spec.linux?.resources?.hugepageLimits).toEqual([{ pageSize: "2MB", limit: 1 }]);
  });

  test("takes a seccomp object without action and rules as none", () => {
    const spec = parseSpec(specWith("linux.seccomp", { defaultAction: "", syscalls: [] }));
    expect(spec.linux?.seccomp).toBeUndefined();
  });

  for (const value of [null, 3, "x", []]) {
    test(`refuses ${JSON.stringify(value)} as a whole`, () => {
      expect(refusal(() => parseSpec(value))).toBe(
        "config.json is not valid: must be a JSON object",
      );
    });
  }
});

describe("parseSpecText", () => {
  const args = '[{"index":0,"value":18446744073709551614,"op":"SCMP_CMP_EQ"}]';
  const seccomp = `{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["a"],"action":"SCMP_ACT_KILL","args":${args}}]}`;
  const rlimits = '[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":0}]';
  const text = `{"ociVersion":"1.2.0","process":{"user":{"uid":0,"gid":0},"args":["\\"hard\\":18446744073709552000"],"cwd":"/","rlimits":${rlimits}},"root":{"path":"r"},"linux":{"seccomp":${seccomp}}}`;

  test("keeps every digit of a 64-bit seccomp argument, and no limit as RLIM_INFINITY", () => {
    const spec = parseSpecText(text);
    expect(spec.linux?.seccomp?.syscalls?.[0]?.args?.[0]?.value).toBe(18446744073709551614n);
    expect(spec.process?.rlimits?.[0]?.hard).toBe(RLIM_INFINITY);
  });

  test("is undone by formatSpec to the byte", () => {
    expect(formatSpec(parseSpecText(text))).toBe(text);
  });

  test("refuses what is no JSON", () => {
    expect(refusal(() => parseSpecText("{"))).toMatch(/^config\.json is not JSON: /);
    expect(refusal(() => parseSpecText(""))).toMatch(/^config\.json is not JSON: /);
  });
});

describe("parseProcess and parseResources", () => {
  test("name the paths from the top of their own file", () => {
    expect(refusal(() => parseProcess({ args: ["a"], cwd: "x" }))).toBe(
      'process is not valid: cwd: must be an absolute path: got "x"',
    );
    expect(refusal(() => parseResources({ memory: { limit: 2, swap: 1 } }))).toBe(
      "resources is not valid: memory.swap: must be at least the limit 2: got 1",
    );
    expect(refusal(() => parseResources([]))).toBe("resources is not valid: must be a JSON object");
  });

  test("accept what docker update and exec write", () => {
    const resources = { memory: { limit: 83886080, swap: 83886080 }, cpu: { cpus: "", mems: "" } };
    expect(parseResources(resources)).toEqual({
      memory: { limit: 83886080, swap: 83886080 },
      cpu: {},
    });
    expect(
      parseProcess({ user: { uid: 33, gid: 33 }, args: ["sh"], cwd: "/tmp", env: ["A=b"] }).args,
    ).toEqual(["sh"]);
  });
});
