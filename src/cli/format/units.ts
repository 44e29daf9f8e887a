// Sizes and ages as docker prints them (github.com/docker/go-units).

const decimalUnits = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

/**
 * Returns a size in units of 1000: `1.98MB`.
 * @param digits how many count: three in lists of images, four in `system df`
 */
export function formatBytes(bytes: number, digits = 4): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < decimalUnits.length - 1) {
    size /= 1000;
    unit++;
  }
  return formatGeneral(size, digits) + (decimalUnits[unit] ?? "");
}

/** Go's `%.*g`: that many digits at most, no zeros at the end, an exponent beyond. */
export function formatGeneral(value: number, digits: number): string {
  if (value === 0) return "0";
  const [mantissa = "", exponentText = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) {
    const sign = exponent < 0 ? "-" : "+";
    return `${stripZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return stripZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
}

function stripZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

const hoursPerDay = 24;
const hoursPerWeek = 168;
const hoursPerMonth = 720;
const hoursPerYear = 8760;

/** Returns a span of time in words: `About an hour`, `3 weeks`. */
export function formatDuration(ms: number): string {
  const seconds = Math.trunc(ms / 1000);
  if (seconds < 1) return "Less than a second";
  if (seconds === 1) return "1 second";
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.trunc(seconds / 60);
  if (minutes === 1) return "About a minute";
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.trunc(ms / 3_600_000 + 0.5);
  if (hours === 1) return "About an hour";
  if (hours < 2 * hoursPerDay) return `${hours} hours`;
  if (hours < 2 * hoursPerWeek) return `${Math.trunc(hours / hoursPerDay)} days`;
  if (hours < 2 * hoursPerMonth) return `${Math.trunc(hours / hoursPerWeek)} weeks`;
  if (hours < 2 * hoursPerYear) return `${Math.trunc(hours / hoursPerMonth)} months`;
  return `${Math.trunc(ms / 3_600_000 / hoursPerYear)} years`;
}

/** Returns `3 weeks ago`. */
export function formatAge(sinceMs: number, nowMs: number): string {
  return `${formatDuration(nowMs - sinceMs)} ago`;
}

/** Returns a time as Go's Time.String(): `2026-11-26 11:28:18 +0000 UTC`, in the local zone. */
export function formatGoTime(ms: number): string {
  const date = new Date(ms);
  const zone = /\(([^)]+)\)$/.exec(date.toString())?.[1] ?? "";
  const offset = formatOffset(date, "");
  const name = offset === "+0000" ? "UTC" : shortZone(date, zone, offset);
  return `${formatDay(date)} ${formatClock(date)} ${offset} ${name}`;
}

/** Returns a time as RFC 3339 has it, seconds and the local zone: `2026-11-26T11:28:18Z`. */
export function formatRfc3339(ms: number): string {
  const date = new Date(ms);
  const offset = formatOffset(date, ":");
  return `${formatDay(date)}T${formatClock(date)}${offset === "+00:00" ? "Z" : offset}`;
}

function shortZone(date: Date, long: string, offset: string): string {
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  const short = parts.find(({ type }) => type === "timeZoneName")?.value ?? long;
  return /^[A-Z]{3,5}$/.test(short) ? short : offset;
}

function formatOffset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const sign = minutes < 0 ? "-" : "+";
  const [hours, rest] = [Math.trunc(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${sign}${two(hours)}${separator}${two(rest)}`;
}

function formatDay(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function formatClock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

const two = (number: number): string => String(number).padStart(2, "0");
