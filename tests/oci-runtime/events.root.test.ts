// What a container uses, and that it lacks memory.

import { expect, test } from "bun:test";
import { needsRoot } from "../harness/tier.ts";
import { linesOf, nextLine } from "../run/box.ts";
import { openOciBox } from "./oci-box.ts";

interface Event {
  readonly type: string;
  readonly id: string;
  readonly data?: { readonly memory: { readonly usage: { readonly limit: number } } };
}

needsRoot("oci events", () => {
  const box = openOciBox();
  const LIMIT = 33_554_432;

  const start = (id: string, script: string) =>
    box.start(id, script, (spec) => ({
      ...spec,
      linux: { ...spec.linux, resources: { memory: { limit: LIMIT, swap: LIMIT } } },
    }));

  const parse = (line: string): Event => JSON.parse(line);

  test("--stats prints what is used once", async () => {
    await start("once", "sleep 600");
    const text = await box.ok(["events", "--stats", "once"]);
    expect(text).toStartWith('{"type":"stats","id":"once","data":{"cpu":{"usage":{');
    const { data } = parse(text);
    expect(data?.memory.usage.limit).toBe(LIMIT);
    expect(data).toMatchObject({
      pids: { current: 1 },
      cpuset: { cpus: expect.arrayContaining([0]) },
      intel_rdt: {},
      network_interfaces: null,
    });
    expect(data?.memory.usage).toMatchObject({ usage: expect.any(Number), failcnt: 0 });
    await box.ok(["delete", "-f", "once"]);
  });

  test("tells in its interval, and ends with the container", async () => {
    await start("told", "sleep 600");
    const args = ["oci", "--root", box.root, "events", "--interval", "50ms", "told"];
    await using events = box.box.start(args);
    const lines = linesOf(events.child.stdout);
    for (let i = 0; i < 3; i++) {
      expect(parse(await nextLine(lines))).toMatchObject({ type: "stats", id: "told" });
    }
    await box.ok(["delete", "-f", "told"]);
    for await (const rest of lines) expect(parse(rest).type).toBe("stats");
    expect(await events.child.exited).toBe(0);
  });

  test("tells that a process was killed for want of memory", async () => {
    await start("greedy", "read x < /tmp/go; sleep 600");
    const args = ["oci", "--root", box.root, "events", "--interval", "100ms", "greedy"];
    await using events = box.box.start(args);
    const lines = linesOf(events.child.stdout);
    await nextLine(lines);
    const hog = 'x=$(dd if=/dev/zero bs=1M count=64 2>/dev/null | tr "\\\\0" x)';
    await box.oci(["exec", "greedy", "/bin/sh", "-c", hog]);
    let line = await nextLine(lines);
    while (parse(line).type === "stats") line = await nextLine(lines);
    expect(line).toBe('{"type":"oom","id":"greedy"}');
    await box.ok(["delete", "-f", "greedy"]);
    // It would wait for ever for somebody to read the rest.
    for await (const rest of lines) expect(parse(rest).id).toBe("greedy");
    expect(await events.child.exited).toBe(0);
  });

  test.each([
    ["0s", "duration interval must be greater than 0"],
    ["soon", 'invalid value "soon" for flag -interval: parse error'],
  ])("refuses an interval of %s", async (interval, message) => {
    expect(await box.refusal(["events", "--interval", interval, "x"])).toBe(message);
  });

  test("refuses a container that is not there", async () => {
    expect(await box.refusal(["events", "nobody"])).toBe("container does not exist");
  });
});
