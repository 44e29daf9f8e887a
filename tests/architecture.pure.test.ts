// The shape of the tree: which folder may know which, and what is written nowhere.

import { describe, expect, test } from "bun:test";
import { readFileSync, readdirSync } from "node:fs";

const PROJECT = new URL("..", import.meta.url).pathname;

// Each area with the areas below it that it may import, all of them flat: reading a row is enough.
const SIBLINGS = ["fs", "cgroups", "network", "src/seccomp", "src/oci"];
const ABOVE_SIBLINGS = [...SIBLINGS, "ffi", "src/errors.ts"];
const BELOW: Readonly<Record<string, readonly string[]>> = {
  "src/errors.ts": [],
  "src/build": ["ffi", "src/container"],
  ffi: [],
  fs: ["ffi", "src/errors.ts"],
  cgroups: ["ffi", "src/errors.ts"],
  network: ["ffi", "src/errors.ts"],
  "src/oci": ["ffi", "src/errors.ts"],
  "src/seccomp": ["ffi", "src/errors.ts", "src/oci"],
  "src/container": ABOVE_SIBLINGS,
  "src/image": ABOVE_SIBLINGS,
  "src/engine": ["src/container", "src/image", ...ABOVE_SIBLINGS],
  "src/cli": ["src/engine", "ffi", "src/errors.ts", "package.json"],
  "src/api": ["src/engine", "src/errors.ts", "package.json"],
  "mod.ts": ["src/cli", "src/api", "src/engine", "ffi", "src/errors.ts"],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

const sources = Object.keys(BELOW).flatMap((area) =>
  area.endsWith(".ts") ? [area] : filesBelow(area, ".ts"),
);
const imports = sources.flatMap(importsOf);

function filesBelow(folder: string, end: string): readonly string[] {
  const found = [...new Bun.Glob(`${folder}/**/*${end}`).scanSync({ cwd: PROJECT, dot: true })];
  return found.filter((file) => !file.includes("node_modules/")).sort();
}

function read(file: string): string {
  return readFileSync(`${PROJECT}${file}`, "utf8");
}

/** A file's text without its comments, its strings being left. */
function codeOf(file: string): string {
  return read(file).replaceAll(/^\s*(\/\/|\/?\*).*$|\s\/\/ .*$/gm, "");
}

function importsOf(from: string): readonly Import[] {
  const forms = /^(?:import|export) [^;]*?from "([^"]+)"|import\("([^"]+)"\)/gm;
  return [...codeOf(from).matchAll(forms)].map(([, named, called]) => ({
    from,
    to: resolve(from, named ?? called ?? ""),
  }));
}

/** The path in the project of what a file imports; packages and built-ins stay as they are. */
function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

function areaOf(file: string): string | undefined {
  return Object.keys(BELOW).find((area) => file === area || file.startsWith(`${area}/`));
}

function isDownward({ from, to }: Import): boolean {
  if (to.startsWith("node:") || to === "#runtime" || to.startsWith("bun:")) return true;
  const [area, other] = [areaOf(from), areaOf(to) ?? to];
  if (area === undefined || area === other) return true;
  return BELOW[area]?.includes(other) ?? false;
}

/** The files whose code matches, other than those in the given folders or of the given names. */
function filesWith(pattern: RegExp, ...except: readonly string[]): readonly string[] {
  const others = sources.filter((file) => !except.some((prefix) => file.startsWith(prefix)));
  return others.filter((file) => pattern.test(codeOf(file)));
}

describe("imports", () => {
  test("are found at all", () => {
    expect(imports.length).toBeGreaterThan(300);
    const wanted = { from: "mod.ts", to: "src/cli/program.ts" };
    expect(imports).toContainEqual(wanted);
  });

  test("go downward only, and end with .ts", () => {
    const upward = imports.filter((each) => !isDownward(each));
    expect(upward.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test("upward ones are noticed", () => {
    const upward = { from: "ffi/call.ts", to: "fs/root-plan.ts" };
    expect(isDownward(upward)).toBe(false);
    expect(isDownward({ ...upward, from: "fs/a.ts", to: "cgroups/detect.ts" })).toBe(false);
    expect(isDownward({ ...upward, from: "src/engine/run.ts", to: "src/cli/run.ts" })).toBe(false);
    expect(isDownward({ ...upward, from: "src/cli/run.ts", to: "some-package" })).toBe(false);
  });

  test("of one cgroup version are made by cgroups/ alone", () => {
    const versioned = imports.filter(({ to }) => /^cgroups\/v[12]\//.test(to));
    const strangers = versioned.filter(({ from }) => !from.startsWith("cgroups/"));
    expect(strangers).toEqual([]);
  });
});

describe("the code", () => {
  test("reaches the runtime's own interfaces in ffi/runtime only", () => {
    expect(filesWith(/\bbun:|\bDeno\.|\bBun\./, "ffi/runtime/")).toEqual([]);
  });

  test("asks for a cgroup version in cgroups/, and once for docker's default namespace", () => {
    expect(filesWith(/"v[12]"/, "cgroups/", "src/engine/prepare.ts")).toEqual([]);
  });

  test("silences no check and knows no `any`", () => {
    expect(filesWith(/: any\b|<any>|\bas any\b/)).toEqual([]);
    const silent = sources.filter((file) => /@ts-(ignore|nocheck|expect-error)/.test(read(file)));
    expect(silent).toEqual([]);
  });

  test("starts each file with what it is for", () => {
    expect(sources.filter((file) => !/^(\/\/|\/\*\*)/.test(read(file)))).toEqual([]);
  });
});

describe("the tests", () => {
  const files = filesBelow("tests", ".test.ts");

  test("say their tier in their name", () => {
    const tiers = /\.(pure|namespace|root)\.test\.ts$/;
    expect(files.filter((file) => !tiers.test(file))).toEqual([]);
  });

  test("are all run", () => {
    const narrowed = files.filter((file) => /\b(test|describe|it)\.only\(/.test(read(file)));
    expect(narrowed).toEqual([]);
  });
});

test("the top folder has exactly the names of the design", () => {
  const made = [".git", "node_modules", "dist", ".cache"];
  const names = readdirSync(PROJECT).filter((name) => !made.includes(name));
  expect(names.filter((name) => !name.endsWith(".bun-build")).sort()).toEqual([
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "bench",
    "build.sh",
    "bunfig.toml",
    "cgroups",
    "deno.json",
    "docs",
    "ffi",
    "fs",
    "mod.ts",
    "network",
    "package-lock.json",
    "package.json",
    "src",
    "tests",
    "tsconfig.json",
  ]);
});
