import { expect, test } from "bun:test";
import { drawBar, drawSparkline } from "../../../src/cli/containers/pictures.ts";
import { formatBinary } from "../../../src/cli/containers/stats.ts";

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
  expect(drawSparkline(values, 8)).toBe(curve);
});

test.each([
  [0, "0B"],
  [1023, "1023B"],
  [1536, "1.5KiB"],
  [23.4 * 1024 ** 3, "23.4GiB"],
])("%d bytes of memory are written as docker does", (bytes, text) => {
  expect(formatBinary(bytes)).toBe(text);
});
