// What of Bun's executable is worth a page of 2 MiB.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { findHotRegions } from "../../src/build/hot-regions.ts";

const bun = readFileSync(process.execPath);

test.if(process.arch === "x64")("was measured for the Bun that is installed", () => {
  const regions = [...findHotRegions(bun)];
  expect(regions.length).toBeGreaterThan(3);
  expect(regions.every((at) => at % 0x200000 === 0 && at < bun.length)).toBe(true);
});

test("is not known of another executable", () => {
  expect(findHotRegions(new Uint8Array(0x400000)).size).toBe(0);
});
