// Pictures made of characters: a bar, a curve of the last minute. For terminals that know no Unicode, of
// ASCII.

const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const HEIGHTS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const PLAIN_HEIGHTS = ["_", ".", ":", "-", "=", "+", "*", "#"];

/** A bar of `width` characters, `share` of it full (0 to 1). */
export function drawBar(share: number, width: number, isUnicode = true): string {
  const part = Math.min(1, Math.max(0, share)) * width;
  if (!isUnicode) return "#".repeat(Math.round(part)).padEnd(width, ".");
  const eighths = Math.round(part * 8);
  return ("█".repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? "")).padEnd(width, "·");
}

/**
 * A curve of `width` characters. Values that are too many for it are drawn several to a character, the
 * greatest of them; where there are fewer than `span`, its beginning is blank.
 * @param most what the highest character stands for; the greatest value unless said
 */
export function drawCurve(
  values: readonly number[],
  width: number,
  span: number,
  { most, isUnicode = true }: { readonly most?: number; readonly isUnicode?: boolean } = {},
): string {
  const heights = isUnicode ? HEIGHTS : PLAIN_HEIGHTS;
  const shown = squeeze(values.slice(-span), width, span);
  const top = Math.max(most ?? Math.max(...shown), Number.MIN_VALUE);
  const curve = shown.map((value) => {
    const share = Math.min(1, Math.max(0, value) / top);
    return heights[Math.round(share * (heights.length - 1))] ?? "";
  });
  return curve.join("").padStart(width);
}

/** From the newest on, so that a value stays with its neighbours as time goes on. */
function squeeze(values: readonly number[], width: number, span: number): number[] {
  const each = Math.max(1, Math.ceil(span / Math.max(1, width)));
  const shown: number[] = [];
  for (let end = values.length; end > 0 && shown.length < width; end -= each) {
    shown.unshift(Math.max(...values.slice(Math.max(0, end - each), end)));
  }
  return shown;
}
