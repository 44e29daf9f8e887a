// What `features` promises is what the parsers take.
import { describe, expect, test } from "bun:test";
import { parseMountOptions } from "../../../fs/mount-options.ts";
import { listFeatures } from "../../../src/engine/oci/features.ts";
import { parseSpec } from "../../../src/oci/parse.ts";

interface Features {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks: readonly string[];
  readonly mountOptions: readonly string[];
  readonly linux: {
    readonly namespaces: readonly string[];
    readonly capabilities: readonly string[];
    readonly seccomp: Readonly<Record<string, readonly string[]>>;
    readonly memoryPolicy: { readonly modes: readonly string[] };
  };
}

// Through JSON, as its readers get it.
const features: Features = JSON.parse(JSON.stringify(listFeatures("1.2.3")));
const { linux } = features;

/** A spec with these fields is taken. */
function takes(fields: object, linuxFields: object = {}): boolean {
  const process = { user: { uid: 0, gid: 0 }, args: ["x"], cwd: "/" };
  const spec = { ociVersion: "1.2.0", process, root: { path: "r" }, ...fields, linux: linuxFields };
  return parseSpec(spec) !== undefined;
}

describe("features", () => {
  test("knows the versions that specs may have", () => {
    for (const ociVersion of [features.ociVersionMin, features.ociVersionMax]) {
      expect(takes({ ociVersion })).toBe(true);
    }
  });

  test.each(features.hooks)("hook %s is taken", (hook) => {
    expect(takes({ hooks: { [hook]: [{ path: "/bin/true" }] } })).toBe(true);
  });

  test("the options of mounts are not left for the file system", () => {
    expect(features.mountOptions).toContain("rro");
    expect(features.mountOptions).toContain("idmap");
    expect(features.mountOptions).toEqual([...features.mountOptions].sort());
    const kernels = ["async", "dirsync", "lazytime", "mand", "nolazytime", "nomand", "sync"];
    for (const word of features.mountOptions) {
      if (!kernels.includes(word)) expect(parseMountOptions([word]).data).toEqual([]);
    }
  });

  test.each(linux.namespaces)("namespace %s is taken", (type) => {
    const namespaces = type === "user" ? [{ type, path: "/x" }] : [{ type }];
    expect(takes({}, { namespaces })).toBe(true);
  });

  test.each(linux.memoryPolicy.modes)("memory policy %s is taken", (mode) => {
    const nodes = mode === "MPOL_DEFAULT" || mode === "MPOL_LOCAL" ? "" : "0";
    expect(takes({}, { memoryPolicy: { mode, nodes } })).toBe(true);
  });

  test("every action and operator of seccomp is taken", () => {
    for (const action of linux.seccomp["actions"] ?? []) {
      for (const op of linux.seccomp["operators"] ?? []) {
        const rule = { names: ["read"], action, args: [{ index: 0, value: 1, op }] };
        const seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [rule] };
        expect(takes({}, { seccomp })).toBe(true);
      }
    }
  });

  test("flags that this kernel has are among those that are known", () => {
    const { knownFlags = [], supportedFlags = [] } = linux.seccomp;
    expect(knownFlags).toEqual(expect.arrayContaining([...supportedFlags]));
    expect(supportedFlags).toContain("SECCOMP_FILTER_FLAG_LOG");
  });

  test("lists capabilities by their whole names", () => {
    expect(linux.capabilities).toContain("CAP_SYS_ADMIN");
    expect(linux.capabilities.length).toBe(41);
  });
});
