// Which known word a mistyped one was probably meant to be.

/**
 * Returns the candidate that the fewest slips of a finger lead to, or one that the word is the
 * beginning of; undefined where nothing is near (more than a third of the word would change).
 */
export function findNearest(word: string, candidates: readonly string[]): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = countSlips(word, candidate);
    if (distance < least) [nearest, least] = [candidate, distance];
  }
  if (nearest !== undefined || word.length < 3) return nearest;
  return candidates.find((candidate) => candidate.startsWith(word));
}

/** Letters left out, put in, changed or swapped with their neighbour (optimal string alignment). */
function countSlips(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const changed = from[row - 1] === to[column - 1] ? 0 : 1;
      let slips = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + changed,
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) slips = Math.min(slips, (beforeLast[column - 2] ?? 0) + 1);
      current.push(slips);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
