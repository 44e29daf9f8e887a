// What a live picture shows of counters, and how it fits into windows.

import { describe, expect, test } from "bun:test";
import type { Usage } from "../../../src/engine/containers/processes.ts";
import { UsagePicture } from "../../../src/cli/containers/usage-picture.ts";
import { addUp, History, MINUTE } from "../../../src/cli/containers/usage-rates.ts";
import { formatLine, type Line } from "../../../src/cli/live/text.ts";
import { baseOptions } from "../../engine/base-options.ts";

const place = { hasColour: false, isUnicode: true };

/** A container that is `second` seconds old: half a CPU, 1000 bytes a second each way. */
function usage(name: string, second: number, cpus = 0.5): Usage {
  return {
    container: { id: name.repeat(8), name, createdMs: 0, options: { ...baseOptions } },
    timeMs: second * 1000,
    network: { receivedBytes: second * 1000, sentBytes: second * 1000 },
    stats: {
      cpu: {
        ...{ totalNs: second * cpus * 1e9, userNs: 0, systemNs: 0, perCpuNs: [] },
        ...{ periods: 0, throttledPeriods: 0, throttledNs: 0 },
      },
      memory: {
        ...{ usageBytes: 3 * 1024 * 1024, limitBytes: 4 * 1024 * 1024, peakBytes: null },
        ...{ swapBytes: null, inactiveFileBytes: 1024 * 1024, limitHits: 0, details: {} },
      },
      pids: { current: 2, limit: null },
      io: [
        {
          ...{ device: "8:0", reads: 0, writes: 0 },
          ...{ readBytes: second * 500, writeBytes: second * 2000 },
        },
      ],
    },
  };
}

const textsOf = (lines: readonly Line[], columns: number): string[] =>
  lines.map((line) => formatLine(line, columns, false).replaceAll(/\u001b\[\d+m/g, ""));

describe("a history", () => {
  test("has a minute of each container, as rates between two looks", () => {
    const history = new History();
    for (let second = 0; second < 100; second++) history.add([usage("web", second)]);
    const samples = history.samples("web".repeat(8));
    expect(samples).toHaveLength(MINUTE);
    expect(samples.at(-1)).toMatchObject({
      ...{ cpuPercent: 50, memoryBytes: 2 * 1024 * 1024, memoryPercent: 50, pids: 2 },
      ...{ receivedRate: 1000, sentRate: 1000, readRate: 500, writtenRate: 2000 },
    });
  });

  test("forgets who is gone, and tells nothing of who does not run", () => {
    const history = new History();
    history.add([usage("web", 1)]);
    history.add([]);
    expect(history.last("web".repeat(8))).toBeUndefined();
    const { stats: _, ...stopped } = usage("web", 2);
    history.add([stopped]);
    expect(history.last("web".repeat(8))).toBeUndefined();
  });

  test("of several containers is added up from the newest look on", () => {
    const history = new History();
    history.add([usage("web", 1)]);
    history.add([usage("web", 2)]);
    history.add([usage("web", 3), usage("db", 3)]);
    history.add([usage("web", 4), usage("db", 4, 1)]);
    const all = ["web", "db"].map((name) => history.samples(name.repeat(8)));
    // What a container has used before it was looked at first is nobody's minute.
    expect(addUp(all).map(({ cpuPercent }) => cpuPercent)).toEqual([50, 50, 50 + 250]);
  });
});

describe("a picture", () => {
  const looks = [0, 1, 2, 3].map((second) => [
    usage("little", second, 0.1),
    usage("greatest", second, 0.9),
    usage("middle", second),
  ]);

  function makePicture(): UsagePicture {
    let next = 0;
    const picture = new UsagePicture(() => looks[next++], { sort: "cpu", place });
    while (picture.refresh());
    return picture;
  }

  test.each([20, 39, 40, 60, 79, 80, 100, 132, 200, 300])("fits into %d columns", (columns) => {
    const picture = makePicture();
    for (const rows of [3, 8, 10, 24, 60]) {
      const lines = picture.draw(columns, rows);
      expect(lines.length).toBeLessThanOrEqual(rows);
      // Nothing is cut off but the line of keys.
      const whole = textsOf(lines.slice(0, -1), Infinity);
      expect(whole.filter((line) => line.length > columns)).toEqual([]);
    }
  });

  test("shows all four in a usual window, those first that use most", () => {
    const lines = textsOf(makePicture().draw(80, 24), 80);
    expect(lines.slice(0, 7).map((line) => line.trimEnd())).toEqual([
      "3 containers",
      expect.stringMatching(/^CPU {5}150\.0% +[█▏▎▍▌▋▊▉]+·* .*[▁-█]{2}$/),
      expect.stringMatching(/^MEMORY {2}6MiB of /),
      "NETWORK 3kB/s in, 3kB/s out " + " ".repeat(50) + "██",
      "BLOCK   1.5kB/s read, 6kB/s write" + " ".repeat(45) + "██",
      "",
      expect.stringMatching(/^NAME {5} CPU % .* MEM .* NET .* BLOCK +PIDS$/),
    ]);
    expect(lines.slice(7, 10).map((line) => line.slice(0, 15))).toEqual([
      "greatest  90.0%",
      "middle    50.0%",
      "little    10.0%",
    ]);
  });

  test("is sorted and turned by keys, and shows the one that is chosen", () => {
    const picture = makePicture();
    const names = () => {
      const lines = textsOf(picture.draw(80, 24), 80);
      return [lines[0], ...lines.slice(7, 10).map((line) => line.split(" ")[0])];
    };
    expect(names()).toEqual(["3 containers", "greatest", "middle", "little"]);
    expect(picture.press("r")).toBeTrue();
    expect(names()).toEqual(["3 containers", "little", "middle", "greatest"]);
    expect(picture.press("a")).toBeTrue();
    expect(names()).toEqual(["3 containers", "greatest", "little", "middle"]);
    expect([picture.press("down"), picture.press("down")]).toEqual([true, true]);
    expect(names()[0]).toBe("little");
    expect([picture.press("up"), picture.press("up")]).toEqual([true, true]);
    expect(names()[0]).toBe("3 containers");
    expect(picture.press("x")).toBeFalse();
  });

  test("says so where nothing runs", () => {
    const picture = new UsagePicture(() => [], { sort: undefined, place });
    expect(picture.refresh()).toBeTrue();
    expect(textsOf(picture.draw(80, 24), 80)).toContain("no container runs");
  });
});
