import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { compileProfile } from "../../src/seccomp/compile.ts";
import {
  precompiledDefault,
  precompiledFor,
  WITHOUT_EFFECT,
} from "../../src/seccomp/default-filter.ts";
import { defaultProfile, PROFILE_CAPABILITIES } from "../../src/seccomp/default-profile.ts";
import { generateDefaultFilters } from "../../src/seccomp/generate.ts";
import { expectLoadable } from "./check-program.ts";

const ARCHES = ["x86_64", "aarch64"] as const;

test("the generated file is what generate.ts writes (run `bun src/seccomp/generate.ts`)", () => {
  const file = new URL("../../src/seccomp/default-filter-data.ts", import.meta.url);
  expect(readFileSync(file, "utf8")).toBe(generateDefaultFilters());
});

test.each(ARCHES)(
  "on %s the program compiled ahead is right on every kernel since 5.10",
  (arch) => {
    for (const kernel of [
      [5, 10],
      [5, 19],
      [6, 1],
      [7, 1],
    ] as const) {
      const host = { arch, kernel };
      for (const capabilities of [["CAP_SYS_CHROOT", "CAP_KILL"], ["CAP_NET_RAW"], []]) {
        const compiled = compileProfile(defaultProfile({ ...host, capabilities }), host);
        expect(precompiledFor(arch, capabilities)).toEqual(compiled);
      }
      const docker = defaultProfile({ ...host, capabilities: ["CAP_SYS_CHROOT"] });
      expect(precompiledDefault(arch)).toEqual(compileProfile(docker, host));
    }
  },
);

test.each(ARCHES)("on %s it is a third of libseccomp's in size", (arch) => {
  const { program } = precompiledDefault(arch);
  expectLoadable(program);
  expect(program.length / 8).toBeLessThanOrEqual(arch === "x86_64" ? 354 : 263);
});

test("capabilities that change the profile are compiled when asked for", () => {
  const compiled = PROFILE_CAPABILITIES.filter((name) => name !== "CAP_SYS_CHROOT");
  for (const name of compiled) expect(precompiledFor("x86_64", [name])).toBeUndefined();
  expect(precompiledFor("x86_64", ["CAP_OF_TOMORROW"])).toBeUndefined();
});

test("each of the kernel's 41 capabilities either changes the profile or is known not to", () => {
  expect(PROFILE_CAPABILITIES.filter((name) => WITHOUT_EFFECT.includes(name))).toEqual([]);
  expect(PROFILE_CAPABILITIES.length + WITHOUT_EFFECT.length).toBe(41);
});
