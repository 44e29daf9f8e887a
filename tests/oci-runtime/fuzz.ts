// Broken config.json files, from good ones: wrong types, huge numbers, deep nesting, NUL and half
// characters, fields that are missing or there a thousand times. Always the same ones for a seed.

/** A number from 0 to below `end`. */
export type Random = (end: number) => number;

/** mulberry32: small, and the same everywhere. */
export function makeRandom(seed: number): Random {
  let state = seed >>> 0;
  return (end) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  };
}

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const NUMBERS = [0, -1, 1, 1.5, 1e308, -1e308, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 63)];
const STRINGS = [
  "",
  " ",
  "x",
  "\0",
  "a\0b",
  "..",
  "../../..",
  "/proc/self/fd/3",
  "/dev/null",
  "\u{1F4A9}",
  "\ud800",
  "%s%n",
  "a=b",
  "=",
  "CAP_NOTHING",
  "-1",
  "1-",
  "99999999999999999999",
  "\n",
  "é".repeat(300),
  "x".repeat(5000),
];

/** The bytes of a config.json that is `base` with something wrong in it. */
export function breakConfig(base: object, random: Random): Uint8Array {
  const config: Json = JSON.parse(JSON.stringify(base));
  for (let count = 1 + random(3); count > 0; count--) mutate(config, random);
  const bytes = new TextEncoder().encode(nested(JSON.stringify(config), random));
  return random(8) === 0 ? damage(bytes, random) : bytes;
}

interface Place {
  readonly holder: Json[] | { [key: string]: Json };
  readonly key: string;
}

function mutate(config: Json, random: Random): void {
  const places: Place[] = [];
  collect(config, places);
  const place = places[random(places.length)];
  if (place === undefined) return;
  const { holder, key } = place;
  // Both kinds of holder take a string for a key.
  const fields = holder as { [key: string]: Json };
  switch (random(8)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      return;
    case 1:
      if (Array.isArray(holder)) for (let n = 0; n < 1000; n++) holder.push(fields[key] ?? null);
      else fields[`${key}${key}`] = fields[key] ?? null;
      return;
    case 2:
      fields[key] = "NESTED";
      return;
    case 3:
    case 4:
      fields[key] = STRINGS[random(STRINGS.length)] ?? "";
      return;
    case 5:
      fields[key] = NUMBERS[random(NUMBERS.length)] ?? 0;
      return;
    case 6:
      fields[key] = [null, true, false, [], {}, [null], [[]], { "": null }][random(8)] ?? null;
      return;
    default: {
      const other = places[random(places.length)];
      const source = other?.holder as { [key: string]: Json } | undefined;
      fields[key] = structuredClone(source?.[other?.key ?? ""] ?? null);
    }
  }
}

function collect(value: Json, places: Place[]): void {
  if (value === null || typeof value !== "object") return;
  for (const [key, child] of Object.entries(value)) {
    places.push({ holder: value, key });
    collect(child, places);
  }
}

/** As text, since no value can be that deep. */
function nested(text: string, random: Random): string {
  const depth = [10, 1000, 100_000][random(3)] ?? 0;
  const [open, close] = random(2) === 0 ? ["[", "]"] : ['{"a":', "}"];
  return text.replaceAll('"NESTED"', `${open.repeat(depth)}1${close.repeat(depth)}`);
}

/** Bytes that are no UTF-8, or no JSON any more. */
function damage(bytes: Uint8Array, random: Random): Uint8Array {
  if (random(3) === 0) return bytes.subarray(0, random(bytes.length));
  const damaged = bytes.slice();
  for (let count = 1 + random(4); count > 0; count--) {
    damaged[random(damaged.length)] = random(256);
  }
  return damaged;
}
