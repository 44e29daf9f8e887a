// Golden plans of what few containers ask for: golden/NAME.json is what a config.json has besides,
// golden/NAME.txt what the plan has that the plan of nothing.json has not. BUNKER_GOLDEN=write writes
// the texts anew.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Step } from "../../ffi/call.ts";
import { formatCall } from "../../ffi/format-call.ts";
import { planAssisted, shareStep } from "../../src/container/plan-assisted.ts";
import { planAttributes, planLabels } from "../../src/container/plan-attributes.ts";
import { planBundleMounts } from "../../src/container/plan-bundle-mounts.ts";
import { planMappedDevices } from "../../src/container/plan-mapped-devices.ts";
import { planContainer } from "../../src/container/plan.ts";
import type { LaunchRequest } from "../../src/container/request.ts";
import { parseSpec } from "../../src/oci/parse.ts";

const golden = new URL("./golden/", import.meta.url).pathname;
const names = readdirSync(golden)
  .filter((file) => file.endsWith(".json"))
  .map((file) => file.slice(0, -".json".length))
  .sort();

function requestOf(name: string): LaunchRequest {
  const {
    mounts = [],
    linux = {},
    ...more
  } = JSON.parse(readFileSync(`${golden}${name}.json`, "utf8"));
  const spec = parseSpec({
    ociVersion: "1.2.0",
    root: { path: "rootfs" },
    process: { args: ["true"], cwd: "/", user: { uid: 0, gid: 0 }, ...more.process },
    mounts,
    linux: {
      ...linux,
      namespaces: [{ type: "mount" }, { type: "pid" }, ...(linux.namespaces ?? [])],
    },
  });
  const hands = {
    findTarget: (_: string, path: string) => path,
    copyUp: () => {},
    linkTarget: (path: string) => (path === "/srv/link" ? "to/somewhere" : undefined),
    folderMode: (path: string) => (path === "/kept" ? 0o1710 : undefined),
  };
  const later: Step[] = [];
  return {
    spec,
    rootSource: { kind: "directory", path: "/bundle/rootfs" },
    stateFolder: "/proc",
    cgroupJoin: { how: "none" },
    cgroupViews: [],
    isDirectory: (source) => source.endsWith("/"),
    kindOf: () => "unknown",
    noPivot: false,
    preserveFds: [],
    noNewKeyring: true,
    parentPid: 4711,
    features: {
      planAssisted,
      ...(spec.linux?.uidMappings === undefined || spec.linux.devices === undefined
        ? {}
        : {
            planDevices: (devices, root) =>
              planMappedDevices(devices, root, spec.linux ?? {}, "/scratch"),
          }),
      planAttributes,
      planLabels,
      planMounts: (request, root, idMaps) => planBundleMounts(request, root, hands, idMaps, later),
      planAfterMounts: () => later,
    },
  };
}

function formatPlan(request: LaunchRequest): string[] {
  const plan = planContainer(request);
  const shares = plan.assisted !== undefined && plan.assisted.user !== "none";
  const setup = plan.initSetup.flatMap((part) =>
    part().flatMap((step) => formatShared(step, shares)),
  );
  const { between, idMaps = [] } = plan.assisted ?? {};
  return [
    ...[...plan.agentFirst, ...plan.agentClone].map((step) => formatStep("agent", step)),
    ...(between?.steps ?? []).map((step) => formatStep("between", step)),
    ...idMaps.map(({ mappings }) => `id map: ${JSON.stringify(mappings ?? "its own")}\n`),
    ...setup,
  ];
}

function formatShared(step: Step, shares: boolean): string[] {
  if (!shares) return [formatStep("init", step)];
  const { agent, init } = shareStep(step);
  if (agent.length === 0) return [formatStep("init", init)];
  return [formatStep("agent", { why: step.why, calls: agent }), formatStep("init", init)];
}

function formatStep(who: string, { why, calls, afterwards }: Step): string {
  const lines = calls.map((call) => {
    const { skipAfterError = 0, skipAfterSuccess = 0, into } = call;
    const result = into === undefined ? "" : ` → <${into.label}>`;
    const skips = skipAfterError + skipAfterSuccess;
    return `    ${formatCall(call)}${result}${skips === 0 ? "" : ` (skips ${skips})`}\n`;
  });
  if (afterwards !== undefined) lines.push("    (something from outside)\n");
  return `${who}: ${why}\n${lines.join("")}`;
}

describe("a plan", () => {
  test("has cases", () => expect(names.length).toBeGreaterThan(5));

  test.each(names)("of %s", (name) => {
    const usual = formatPlan(requestOf("nothing"));
    const own = formatPlan(requestOf(name)).filter((step) => !usual.includes(step));
    const text = own.join("");
    const file = `${golden}${name}.txt`;
    if (process.env["BUNKER_GOLDEN"] === "write") writeFileSync(file, text);
    expect(text).toBe(readFileSync(file, "utf8"));
  });
});
