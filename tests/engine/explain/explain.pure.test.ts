// Golden explanations: golden/NAME.txt is the page, golden/NAME.jsonl has its steps, one a line.
// BUNKER_GOLDEN=write writes both anew: look at the difference before you commit it.

import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { explain, formatJson } from "../../../src/engine/explain.ts";
import { foldCalls } from "../../../src/engine/explain/fold.ts";
import { bunkerStep, type Explanation, makeCall } from "../../../src/engine/explain/explanation.ts";
import { summarizeSeccomp } from "../../../src/engine/explain/seccomp-summary.ts";
import { wrap } from "../../../src/engine/explain/style.ts";
import { formatText } from "../../../src/engine/explain/text.ts";
import { precompiledDefault } from "../../../src/seccomp/default-filter.ts";
import { baseOptions } from "../base-options.ts";
import { cases, explainCase } from "./subject.ts";

const golden = new URL("./golden/", import.meta.url).pathname;
const PAGE = { columns: 100, styled: false };

function expectGolden(file: string, text: string): void {
  if (process.env["BUNKER_GOLDEN"] === "write") writeFileSync(`${golden}${file}`, text);
  expect(text).toBe(readFileSync(`${golden}${file}`, "utf8"));
}

describe("explain", () => {
  test.each(cases)("tells the golden story of $name", (subject) => {
    expectGolden(`${subject.name}.txt`, formatText(explainCase(subject), PAGE));
  });

  test("tells all of it as JSON", () => {
    const { steps }: { steps: unknown[] } = JSON.parse(formatJson(explainCase(cases[0]!)));
    expectGolden("plain-v2.jsonl", steps.map((step) => `${JSON.stringify(step)}\n`).join(""));
  });

  test.each(cases)("keeps to the width of the page in $name, but for what has no space", (c) => {
    const lines = formatText(explainCase(c), { columns: 80, styled: false }).split("\n");
    const long = lines.filter((line) => line.length > 80 && line.trim().includes(" "));
    expect(long).toEqual([]);
  });

  test("JSON has every call that the page folds", () => {
    const [subject] = cases;
    if (subject === undefined) throw new Error("no case");
    const { steps } = JSON.parse(formatJson(explainCase(subject)));
    const drops = JSON.stringify(steps).match(/PR_CAPBSET_DROP, CAP_/g) ?? [];
    expect(drops.length).toBeGreaterThan(20);
    expect(Object.keys(steps[0])).toEqual(["room", "who", "why", "calls"]);
  });

  test("an environment's values are never told, only its names", () => {
    const options = { env: ["SECRET=hunter2"] };
    const explanation = explainCase({ ...cases[0]!, options });
    expect(formatJson(explanation)).toContain("SECRET=…");
    expect(formatJson(explanation)).not.toContain("hunter2");
  });

  test("bold and dim are for terminals alone", () => {
    const explanation = explainCase(cases[0]!);
    expect(formatText(explanation, PAGE)).not.toContain("\x1b");
    const styled = formatText(explanation, { ...PAGE, styled: true });
    expect(styled).toContain("\x1b[1m1  A place for its state\x1b[0m");
    expect(styled.replace(/\x1b\[\d+m/g, "")).toBe(formatText(explanation, PAGE));
  });

  test("a real run on this machine can be explained, without privilege", async () => {
    const { rooms, seccomp, namespaces } = await explain({
      ...baseOptions,
      command: ["/bin/true"],
    });
    expect(rooms.map(({ title }) => title)).toContain("The gate");
    expect(seccomp?.instructions).toBeGreaterThan(100);
    expect(namespaces).toContain("pid");
  });

  test("what run would refuse is refused", async () => {
    const root = { kind: "rootfs", path: "/no/such/folder" } as const;
    expect(explain({ ...baseOptions, root })).rejects.toThrow(
      'rootfs "/no/such/folder" does not exist',
    );
  });
});

describe("the seccomp summary", () => {
  test("counts what the default profile does with this machine's calls", () => {
    const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
    const { program } = precompiledDefault(arch);
    const { instructions, allowed, conditional, refused } = summarizeSeccomp(program, "here");
    expect(instructions).toBe(program.length / 8);
    expect(allowed).toBeGreaterThan(250);
    expect(conditional).toContain("personality");
    expect(refused["EPERM"]).toBeGreaterThan(20);
  });
});

/** Folds as `a b ×3(1,2)`. */
function folded(...calls: [name: string, path?: string][]): string[] {
  const explained = calls.map(([name, path = ""]) => ({ ...makeCall(name, [path]), path }));
  return foldCalls(explained).map(({ calls, again, about }) => {
    const names = calls.map(({ name }) => name).join(" ");
    return again === 0 ? names : `${names} +${again}: ${about.join(",")}`;
  });
}

describe("folding", () => {
  const times = (count: number, ...names: string[]): [string, string][] =>
    Array.from({ length: count }, (_, i) =>
      names.map((name): [string, string] => [name, `${i}`]),
    ).flat();

  test("shows a repetition once, with what the others are about", () => {
    expect(folded(...times(4, "open", "mount"))).toEqual(["open mount +3: 1,2,3"]);
  });

  test("leaves a few calls as they are", () => {
    expect(folded(...times(5, "symlink"))).toEqual(Array(5).fill("symlink"));
    expect(folded(...times(2, "a", "b", "c", "d"))).toEqual([
      "a",
      "b",
      "c",
      "d",
      "a",
      "b",
      "c",
      "d",
    ]);
  });

  test("starts a repetition where none of it is left over at its end", () => {
    const calls = times(4, "open", "tree", "move");
    expect(folded(["move"], ...calls, ["end"])).toEqual([
      "move",
      "open tree move +3: 1,2,3",
      "end",
    ]);
  });
});

describe("wrapping", () => {
  test("breaks at spaces, and indents what follows", () => {
    expect(wrap("one two three", 9, 0, 2)).toEqual(["one two", "  three"]);
  });

  test("leaves a word that is too long whole", () => {
    expect(wrap("a bbbbbbbbbbbb c", 6, 1, 3)).toEqual([" a", "   bbbbbbbbbbbb", "   c"]);
  });
});

test("a step of one's own has no page to be formatted on", () => {
  const explanation: Explanation = {
    notes: [],
    rooms: [{ title: "Room", about: "About.", steps: [bunkerStep("why", makeCall("getpid", []))] }],
    namespaces: ["pid"],
  };
  expect(formatText(explanation, PAGE)).toBe(
    "\n1  Room\n   About.\n\n   bunker: why\n       getpid()\n\nIn all\n   1 step, 1 system call, 1 namespace: pid.\n",
  );
});
