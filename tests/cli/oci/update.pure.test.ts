// The flags of `update` as resources.
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { parseLine } from "../../../src/cli/oci/parse.ts";
import { updateOptions, updateVerb } from "../../../src/cli/oci/verbs/update.ts";
import { TemporaryFolder } from "../../ffi/folder.ts";

const read = (words: string) => updateOptions(parseLine(words.split(" "), updateVerb));

describe("update", () => {
  test.each<[string, object]>([
    ["web", { cpu: {}, memory: {} }],
    ["web --memory 50M", { memory: { limit: 50 * 1024 * 1024 } }],
    ["--memory 67108864 web", { memory: { limit: 67108864 } }],
    ["web --memory -1", { memory: { limit: -1 } }],
    ["web --memory-reservation 1k --memory-swap -1", { memory: { reservation: 1024, swap: -1 } }],
    ["web --kernel-memory 1 --kernel-memory-tcp 2", { memory: { kernel: 1, kernelTCP: 2 } }],
    ["web --cpu-period 900000 --cpu-quota -1", { cpu: { period: 900000, quota: -1 } }],
    ["web --cpu-burst 0 --cpu-share 200", { cpu: { burst: 0, shares: 200 } }],
    ["web --cpu-idle 1", { cpu: { idle: 1 } }],
    [
      "web --cpu-rt-period 10000 --cpu-rt-runtime 3000",
      { cpu: { realtimePeriod: 10000, realtimeRuntime: 3000 } },
    ],
    ["web --cpuset-cpus 0-1 --cpuset-mems 0", { cpu: { cpus: "0-1", mems: "0" } }],
    ["web --pids-limit -1", { pids: { limit: -1 } }],
    ["web --blkio-weight 500", { blockIO: { weight: 500 } }],
  ])("%s", (words, expected) => {
    const { id, resources } = read(words);
    expect(id).toBe("web");
    expect(resources).toEqual({ cpu: {}, memory: {}, ...expected });
  });

  test("reads a file, and then looks at no other flag", () => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/r.json`, '{"pids":{"limit":5}}');
    const { resources } = read(`web -r ${folder.path}/r.json --memory nonsense`);
    expect(resources).toBe('{"pids":{"limit":5}}');
  });

  test("passes lines for resctrl on", () => {
    expect(read("web --l3-cache-schema L3:0=f --mem-bw-schema MB:0=50")).toMatchObject({
      l3CacheSchema: "L3:0=f",
      memoryBandwidthSchema: "MB:0=50",
    });
  });

  test.each([
    ["web --memory 5x", "invalid value for memory: invalid suffix: 'x'"],
    ["web --cpu-share -5", 'invalid value for cpu-share: must be a whole number: got "-5"'],
    ["web --cpu-quota 1.5", 'invalid value for cpu-quota: must be a whole number: got "1.5"'],
    ["web --cpu-idle yes", 'invalid value for cpu-idle: must be a whole number: got "yes"'],
    ["web --pids-limit x", 'invalid value "x" for flag -pids-limit: parse error'],
    ["web -r /nonexistent.json", "open /nonexistent.json: ENOENT (no such file or directory)"],
  ])("refuses %s", (words, message) => {
    expect(() => read(words)).toThrow(message);
  });
});
