import { expect, test } from "bun:test";
import { drawBar, drawCurve } from "../../../src/cli/live/pictures.ts";
import { formatBinary } from "../../../src/cli/containers/usage-words.ts";

test.each([
  [0, "··········"],
  [0.5, "█████·····"],
  [0.55, "█████▌····"],
  [1, "██████████"],
  [7, "██████████"],
  [-1, "··········"],
])("a bar of %d is as full as that", (share, bar) => {
  expect(drawBar(share, 10)).toBe(bar);
});

test.each([
  [[], "        "],
  [[0, 0], "      ▁▁"],
  [[1, 2, 4, 8], "    ▂▃▅█"],
  [[9, 9, 1, 1, 1, 1, 1, 1, 1, 8], "▂▂▂▂▂▂▂█"],
])("a curve of %p shows its last values", (values, curve) => {
  expect(drawCurve(values, 8, 8)).toBe(curve);
});

test.each([
  [0, "0B"],
  [1023, "1023B"],
  [1536, "1.5KiB"],
  [23.4 * 1024 ** 3, "23.4GiB"],
])("%d bytes of memory are written as docker does", (bytes, text) => {
  expect(formatBinary(bytes)).toBe(text);
});

test("more values than characters are drawn several to each, the greatest of them", () => {
  const minute = Array.from({ length: 60 }, (_, second) => (second === 31 ? 8 : 0));
  expect(drawCurve(minute, 10, 60)).toBe("▁▁▁▁▁█▁▁▁▁");
  expect(drawCurve(minute.slice(0, 12), 10, 60)).toBe("        ▁▁");
});

test("what the top of a curve stands for may be said, and what is above is cut off", () => {
  expect(drawCurve([1, 4, 8, 9], 4, 4, { most: 8 })).toBe("▂▅██");
});

test("a terminal without Unicode gets signs of ASCII", () => {
  expect(drawBar(0.5, 10, false)).toBe("#####.....");
  expect(drawCurve([0, 4, 8], 4, 4, { isUnicode: false })).toBe(" _=#");
});
