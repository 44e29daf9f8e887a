// What is said about a list of samples. Medians, as a busy machine makes the mean say what else it
// was doing; the 10th percentile and the least tell what the program itself needs.

export interface Summary {
  readonly count: number;
  readonly median: number;
  readonly p10: number;
  readonly p90: number;
  readonly min: number;
}

/**
 * The value below which a share of the samples lies, in the samples' unit: interpolated between
 * its neighbours. @param share 0 to 1 @throws RangeError where there is no sample
 */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError("no samples");
  return below + (above - below) * (place - Math.floor(place));
}

export const median = (samples: readonly number[]): number => quantile(samples, 0.5);

/** Of each list, by its key. @throws RangeError where one is empty */
export function medians(
  samples: Readonly<Record<string, readonly number[]>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(samples).map(([key, list]) => [key, median(list)]));
}

/** @throws RangeError where there is no sample */
export function summarize(samples: readonly number[]): Summary {
  return {
    count: samples.length,
    median: median(samples),
    p10: quantile(samples, 0.1),
    p90: quantile(samples, 0.9),
    min: quantile(samples, 0),
  };
}

const CONFIDENCE = 0.95;

/**
 * Where the median of all that could be sampled lies with 95 % certainty, whatever its distribution:
 * between two of the samples, as each is below it with the chance of a coin. Few samples say little:
 * below six it is all of them. @throws RangeError where there is no sample
 */
export function medianInterval(samples: readonly number[]): [low: number, high: number] {
  const sorted = samples.toSorted((a, b) => a - b);
  const count = sorted.length;
  let outside = 0;
  let chance = 0.5 ** count;
  let rank = 0;
  while (2 * (outside + chance) <= 1 - CONFIDENCE) {
    outside += chance;
    chance = (chance * (count - rank)) / (rank + 1);
    rank += 1;
  }
  const place = Math.max(0, rank - 1);
  const [low, high] = [sorted[place], sorted[count - 1 - place]];
  if (low === undefined || high === undefined) throw new RangeError("no samples");
  return [low, high];
}

/**
 * The median of the ratios within each round. What slows the machine down for seconds slows both
 * halves of a pair, so this moves less than the ratio of two medians.
 * @throws RangeError where the lists are of different lengths or empty
 */
export function pairedRatio(samples: readonly number[], base: readonly number[]): number {
  return median(pair(samples, base).map(([sample, other]) => sample / other));
}

/** The same of what samples are above their base, in their unit. */
export function pairedDifference(samples: readonly number[], base: readonly number[]): number {
  return median(pair(samples, base).map(([sample, other]) => sample - other));
}

function pair(
  samples: readonly number[],
  base: readonly number[],
): [sample: number, base: number][] {
  if (samples.length !== base.length) throw new RangeError("samples of different rounds");
  return samples.map((sample, round) => [sample, base[round] ?? NaN]);
}
