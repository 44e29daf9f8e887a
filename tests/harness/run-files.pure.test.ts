// The counting of the test run: a failure that is not counted would be a failure nobody sees.
import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import {
  NOTHING,
  PROJECT,
  addResults,
  formatCounts,
  formatSlowest,
  parseCounts,
  runFiles,
} from "./run-files.ts";

const TIMEOUT_MS = 5000;

/** The result of one test file with this text, which is made where tests are found. */
async function resultOf(text: string) {
  mkdirSync(`${PROJECT}/.cache`, { recursive: true });
  const folder = mkdtempSync(`${PROJECT}/.cache/run-files-`);
  try {
    writeFileSync(
      `${folder}/some.test.ts`,
      `import { describe, test, expect } from "bun:test";${text}`,
    );
    const file = `${folder.slice(PROJECT.length + 1)}/some.test.ts`;
    return await runFiles([file], { timeoutMs: TIMEOUT_MS, quiet: true });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("tests that pass, fail and are skipped are counted, with the reason of skipping", async () => {
  const result = await resultOf(`console.warn("skipped: no moon");
    test("a", () => {}); test("b", () => { expect(1).toBe(2); }); test.skip("c", () => {});`);
  const reasons = ["skipped: no moon"];
  expect(result).toEqual({ passed: 1, failed: 1, skipped: 1, reasons, times: [] });
});

test("what is skipped without a reason is named", async () => {
  const { skipped, reasons } = await resultOf('test("a", () => {}); test.skip("c", () => {});');
  expect(skipped).toBe(1);
  expect(reasons).toHaveLength(1);
  expect(reasons[0]).toMatch(/^skipped: \S+some\.test\.ts: c$/);
});

test("a file that cannot be loaded is a failure, and so is a crash of the process", async () => {
  expect((await resultOf("throw new Error('no');")).failed).toBe(1);
  const crash = 'test("a", () => process.kill(process.pid, "SIGSEGV"));';
  expect((await resultOf(crash)).failed).toBe(1);
});

test("a line of counts is read as it is written, and nothing else is", () => {
  const counts = { passed: 12, failed: 0, skipped: 3 };
  expect(formatCounts(counts)).toBe("12 passed, 0 failed, 3 skipped");
  expect(parseCounts(formatCounts(counts))).toEqual(counts);
  for (const line of [
    "",
    "12 passed",
    "root: 1 passed, 0 failed, 0 skipped in 2 s",
    "1 passed, 0 failed, skipped",
  ]) {
    expect(parseCounts(line)).toBeUndefined();
  }
});

test("results add up, and a reason is given once", () => {
  const times = [{ file: "a", seconds: 1 }];
  const one = { passed: 1, failed: 2, skipped: 3, reasons: ["r"], times };
  const sum = addResults(addResults(NOTHING, one), one);
  const both = [...times, ...times];
  expect(sum).toEqual({ passed: 2, failed: 4, skipped: 6, reasons: ["r"], times: both });
});

test("the slowest files are told, the slowest of them first", () => {
  const times = [4.04, 120.5, 0.1].map((seconds, index) => ({ file: `file ${index}`, seconds }));
  expect(formatSlowest(times, 2)).toEqual([" 120.5 s  file 1", "   4.0 s  file 0"]);
});
