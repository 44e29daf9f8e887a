// Pictures made of characters: a bar, a curve of the last values.

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** A bar of `width` characters, `share` of it full (0 to 1). */
export function drawBar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8);
  const full = "█".repeat(eighths >> 3);
  return (full + (EIGHTHS[eighths & 7] ?? "")).padEnd(width, "·");
}

const HEIGHTS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/** The last `width` values, the greatest of them being the highest; blank where there are fewer. */
export function drawSparkline(values: readonly number[], width: number): string {
  const last = values.slice(-width);
  const greatest = Math.max(...last, Number.MIN_VALUE);
  const curve = last.map((value) => {
    const height = Math.round((Math.max(0, value) / greatest) * (HEIGHTS.length - 1));
    return HEIGHTS[height] ?? "";
  });
  return curve.join("").padStart(width);
}
