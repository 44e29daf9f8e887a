// The help pages say what the verbs have, no more and no less.
import { describe, expect, test } from "bun:test";
import { GLOBAL_SYNTAX } from "../../../src/cli/oci/globals.ts";
import { formatHelp, formatVerbHelp } from "../../../src/cli/oci/help.ts";
import { GLOBAL_WORDS, VERB_WORDS } from "../../../src/cli/oci/help-words.ts";
import { findVerb } from "../../../src/cli/oci/verbs.ts";
import { formatVersion } from "../../../src/cli/oci/version.ts";

/** Accepted so that old command lines work, and on no page. */
const SILENT = ["criu", "kernel-memory", "kernel-memory-tcp"];

const names = Object.keys(VERB_WORDS);

function described(words: object): string[] {
  return [...Object.keys(words)].sort();
}

function known(flags: object): string[] {
  return Object.keys(flags)
    .filter((name) => !SILENT.includes(name))
    .sort();
}

describe("the help of the OCI runtime", () => {
  test("has the verbs of runc, in order", () => {
    expect(names.join(" ")).toBe(
      "checkpoint create delete events exec features kill list pause ps restore resume run spec " +
        "start state update",
    );
  });

  test.each(names)("describes every flag of %s", async (name) => {
    const verb = await findVerb(name);
    expect(verb?.name).toBe(name);
    expect(described(VERB_WORDS[name]?.flags ?? {})).toEqual(known(verb?.flags ?? {}));
    for (const long of Object.values(verb?.aliases ?? {})) {
      expect(Object.keys(verb?.flags ?? {})).toContain(long);
    }
  });

  test("describes every flag before the verb", () => {
    expect(described(GLOBAL_WORDS)).toEqual(known(GLOBAL_SYNTAX.flags));
  });

  test.each(names)("begins the page of %s as runc's own tests want it", async (name) => {
    const verb = await findVerb(name);
    if (verb === undefined) throw new Error(`no ${name}`);
    const [first, second] = formatVerbHelp(verb, "runc").split("\n");
    expect(first).toBe("NAME:");
    expect(second).toStartWith(`   runc ${name} - `);
    expect(formatVerbHelp(verb, "bunker oci")).toMatchSnapshot();
  });

  test("begins its own page so, too", () => {
    const lines = formatHelp("runc").split("\n");
    expect(lines.slice(0, 2)).toEqual(["NAME:", "   runc - Open Container Initiative runtime"]);
    expect(formatHelp("bunker oci").replaceAll(/\d+\.\d+\.\d+/g, "N.N.N")).toMatchSnapshot();
  });

  test("knows no verb by the name of something else", async () => {
    for (const name of ["toString", "constructor", "", "help"]) {
      expect(await findVerb(name)).toBeUndefined();
    }
  });

  test("states its version in the lines that engines read", () => {
    const lines = formatVersion("runc").split("\n");
    expect(lines[0]).toMatch(/^runc version \d+\.\d+\.\d+$/);
    expect(lines[1]).toMatch(/^commit: bunker-\d/);
    expect(lines[2]).toMatch(/^spec: \d+\.\d+\.\d+$/);
  });
});
