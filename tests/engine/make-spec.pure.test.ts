// Golden specs: each folder of golden/ is a case. options.json has what differs from base-options.ts
// (`options`, `facts`), spec.json the whole result. BUNKER_GOLDEN=write writes the results anew.

import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { makeSpec } from "../../src/engine/make-spec.ts";
import { validateSpec } from "../../src/oci/validate.ts";
import { parseSpecText } from "../../src/oci/parse.ts";
import { formatSpec } from "../../src/oci/format.ts";
import { baseFacts, baseOptions } from "./base-options.ts";

const golden = new URL("./golden/", import.meta.url).pathname;
const cases = readdirSync(golden).sort();

function make(name: string) {
  const { options, facts } = JSON.parse(readFileSync(`${golden}${name}/options.json`, "utf8"));
  const security = { ...baseOptions.security, ...options?.security };
  return makeSpec({ ...baseOptions, ...options, security }, { ...baseFacts, ...facts });
}

describe("makeSpec", () => {
  test("has cases", () => expect(cases.length).toBeGreaterThan(8));

  for (const name of cases) {
    test(`makes the golden spec of ${name}`, () => {
      const made = make(name);
      const file = `${golden}${name}/spec.json`;
      const text = `${JSON.stringify(made, null, 2)}\n`;
      if (process.env.BUNKER_GOLDEN === "write") writeFileSync(file, text);
      expect(existsSync(file)).toBe(true);
      expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, "utf8")));
    });

    test(`makes a spec of ${name} that passes every rule, and the parser once written`, () => {
      const { spec } = make(name);
      const problems: string[] = [];
      validateSpec(spec, problems);
      expect(problems).toEqual([]);
      expect(parseSpecText(formatSpec(spec))).toEqual(JSON.parse(JSON.stringify(spec)));
    });
  }

  test("warns of --init where the program is not pid 1 anyway", () => {
    const options = { ...baseOptions, init: true };
    expect(makeSpec(options, baseFacts).warnings).toEqual([]);
    expect(makeSpec({ ...options, pid: { kind: "host" } }, baseFacts).warnings).toEqual([
      "--init has nothing to do without a pid namespace of the container's own",
    ]);
  });

  test("changes neither the options nor the facts nor its own tables", () => {
    const before = JSON.stringify([baseOptions, baseFacts]);
    const first = JSON.stringify(makeSpec(baseOptions, baseFacts));
    makeSpec({ ...baseOptions, readonlyRootfs: true, tty: true }, baseFacts);
    expect(JSON.stringify(makeSpec(baseOptions, baseFacts))).toBe(first);
    expect(JSON.stringify([baseOptions, baseFacts])).toBe(before);
  });
});
