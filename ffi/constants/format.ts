// How flags and values are printed: by their own names.

/** A group of flag bits (or of plain values) that share a prefix. */
export type FlagTable = Readonly<Record<string, number>>;

/**
 * `value` as the names of its bits joined by `|`; what has no name stands as a hexadecimal rest.
 * 0 is `0`, or the table's own name for zero.
 */
export function formatFlags(table: FlagTable, value: number): string {
  const names: string[] = [];
  let rest = value >>> 0;
  for (const name in table) {
    const bit = (table[name] ?? 0) >>> 0;
    if (bit !== 0 && (rest & bit) >>> 0 === bit) {
      names.push(name);
      rest = (rest & ~bit) >>> 0;
    }
  }
  if (rest !== 0) names.push(`0x${rest.toString(16)}`);
  return names.length > 0 ? names.join("|") : "0";
}

/** The name of a plain value in `table`, or the number. */
export function formatValue(table: FlagTable, value: number): string {
  for (const name in table) if (table[name] === value) return name;
  return String(value);
}
