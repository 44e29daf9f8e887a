// What stands in a plan for what each launch has its own of: the container's id, its maker's pid, the
// descriptor of the gate. A plan is written with two of each, and where the two differ is where the
// real ones belong.

import type { Places } from "./score.ts";

export interface StandIn {
  readonly id: string;
  readonly pid: number;
  readonly gateFd: number;
}

/** Different at each position, and unlikely anywhere else. */
const CHARACTERS = ["Z+q_X-j.K7", "w.Q+v_Y-k9"] as const;

const FIRST: Omit<StandIn, "id"> = { pid: 0x5eed_1d05, gateFd: 0x5eed_2d07 };
const SECOND: Omit<StandIn, "id"> = { pid: 0x5eed_3d06, gateFd: 0x5eed_4d08 };

/** Two, with ids of that length. */
export function makeStandIns(idLength: number): readonly [StandIn, StandIn] {
  const [first, second] = CHARACTERS;
  return [
    { ...FIRST, id: repeat(first, idLength) },
    { ...SECOND, id: repeat(second, idLength) },
  ];
}

const repeat = (text: string, length: number): string =>
  text.repeat(Math.ceil(length / text.length)).slice(0, length);

/**
 * The places of the first stand-in, by comparison.
 * @param offset of both arenas in the channel
 * @returns undefined where they differ in anything else
 */
export function findPlaces(
  first: Uint8Array<ArrayBuffer>,
  second: Uint8Array<ArrayBuffer>,
  offset: number,
  [a, b]: readonly [StandIn, StandIn],
): Places | undefined {
  if (first.length !== second.length) return undefined;
  const rest = first.slice();
  const takeWords = (one: number, other: number): number[] => {
    const [words, others, left] = [wordsOf(first), wordsOf(second), wordsOf(rest)];
    const found: number[] = [];
    words.forEach((word, index) => {
      if (word !== one || others[index] !== other) return;
      left[index] = other;
      found.push(offset + index * 4);
    });
    return found;
  };
  const pids = takeWords(a.pid, b.pid);
  const gates = takeWords(a.gateFd, b.gateFd);
  const ids = findIds(rest, second, new TextEncoder().encode(a.id));
  if (ids === undefined) return undefined;
  // Order: the first takes the whole id, see Channel.insert.
  const sorted = ids.sort(([, one], [, other]) => other - one);
  return { ids: sorted.map(([at, length]) => [offset + at, length]), pids, gates };
}

const wordsOf = (bytes: Uint8Array<ArrayBuffer>): Int32Array =>
  new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);

/** Where an id stands, or its beginning: each row of bytes that differ. */
function findIds(
  bytes: Uint8Array,
  others: Uint8Array,
  id: Uint8Array,
): [at: number, length: number][] | undefined {
  const found: [number, number][] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    let length = 0;
    while (length < id.length && bytes[at + length] !== others[at + length]) {
      if (bytes[at + length] !== id[length]) return undefined;
      length += 1;
    }
    if (length === 0) continue;
    found.push([at, length]);
    at += length - 1;
  }
  return found;
}
