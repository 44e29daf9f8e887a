// What the bench says about samples.

import { describe, expect, test } from "bun:test";
import { shuffle } from "../../bench/rounds.ts";
import {
  median,
  medianInterval,
  pairedDifference,
  pairedRatio,
  quantile,
  summarize,
} from "../../bench/statistics.ts";

describe("statistics of a bench", () => {
  test("the median of an even number of samples lies between the two in the middle", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test("the median of an odd number is the one in the middle, in whatever order they come", () => {
    expect(median([9, 1, 100])).toBe(9);
  });

  test("one slow run moves neither median nor 10th percentile", () => {
    const calm = [5, 5, 5, 5, 5, 5, 5, 5, 5, 5];
    const disturbed = [...calm.slice(1), 500];
    expect(summarize(disturbed)).toMatchObject({ count: 10, median: 5, p10: 5, min: 5 });
  });

  test("quantiles are sorted as numbers, not as text", () => {
    expect(quantile([10, 9, 100], 0)).toBe(9);
    expect(quantile([10, 9, 100], 1)).toBe(100);
  });

  test("quantiles are interpolated", () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
  });

  test("no samples are no result", () => {
    expect(() => median([])).toThrow(new RangeError("no samples"));
    expect(() => summarize([])).toThrow(new RangeError("no samples"));
  });

  test("the samples stay in the order of their rounds", () => {
    const samples = [3, 1, 2];
    summarize(samples);
    expect(samples).toEqual([3, 1, 2]);
  });

  test("a paired ratio compares within a round, so that a slow machine does not show", () => {
    expect(pairedRatio([5, 10, 50], [10, 20, 100])).toBe(0.5);
    expect(pairedDifference([12, 22, 999], [10, 20, 100])).toBe(2);
  });

  test("a median lies between two of the samples, the further inside the more of them there are", () => {
    const samples = (count: number) => Array.from({ length: count }, (_, index) => count - index);
    expect(medianInterval(samples(5))).toEqual([1, 5]);
    expect(medianInterval(samples(6))).toEqual([1, 6]);
    expect(medianInterval(samples(10))).toEqual([2, 9]);
    expect(medianInterval(samples(50))).toEqual([18, 33]);
    expect(() => medianInterval([])).toThrow(new RangeError("no samples"));
  });

  test("samples of different rounds cannot be paired", () => {
    const message = "samples of different rounds";
    expect(() => pairedRatio([1, 2], [1])).toThrow(new RangeError(message));
  });
});

describe("rounds of a bench", () => {
  const rounds = Array.from({ length: 300 }, (_, round) =>
    shuffle(["a", "b", "c"], round).join(""),
  );

  test("in each round all take part, once", () => {
    for (const round of rounds) expect([...round].sort().join("")).toBe("abc");
  });

  test("nobody always follows the same: every order comes up, about as often", () => {
    const orders = new Map<string, number>();
    for (const round of rounds) orders.set(round, (orders.get(round) ?? 0) + 1);
    expect(orders.size).toBe(6);
    for (const count of orders.values()) expect(count).toBeWithin(30, 71);
  });

  test("a bench is repeated in the same order", () => {
    expect(shuffle(["a", "b", "c", "d"], 5)).toEqual(shuffle(["a", "b", "c", "d"], 5));
  });

  test("nobody is nobody in every round", () => {
    expect(shuffle([], 7)).toEqual([]);
  });
});
