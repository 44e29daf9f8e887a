// Amounts in few characters.
import { formatBytes } from "../format/units.ts";

const binaryUnits = ["B", "KiB", "MiB", "GiB", "TiB"];

/** As docker prints memory: four digits, units of 1024. */
export const formatBinary = (bytes: number): string => formatUnits(bytes, 4);

/** The same in less room. */
export const formatShort = (bytes: number): string => formatUnits(bytes, 3);

function formatUnits(bytes: number, digits: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1024 && unit < binaryUnits.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${Number(size.toPrecision(Math.max(digits, size >= 1000 ? 4 : 0)))}${binaryUnits[unit]}`;
}

/** Bytes a second. */
export const formatRate = (bytes: number): string => `${formatBytes(Math.round(bytes), 3)}/s`;
