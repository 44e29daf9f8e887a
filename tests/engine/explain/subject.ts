// What the golden explanations are of: specs from base options, on hosts that are the same everywhere.

import type { CgroupManager } from "../../../cgroups/manager.ts";
import { makeV1 } from "../../../cgroups/v1/manager.ts";
import { makeV2 } from "../../../cgroups/v2/manager.ts";
import { listCgroupViews } from "../../../src/container/cgroup-views.ts";
import { planMapped, slotsOf, takeHostOpens } from "../../../src/container/plan-mapped.ts";
import { planContainer } from "../../../src/container/plan.ts";
import { planReaper } from "../../../src/container/plan-reaper.ts";
import type { Explanation } from "../../../src/engine/explain/explanation.ts";
import { listRooms } from "../../../src/engine/explain/rooms.ts";
import type { SpecFacts } from "../../../src/engine/host-facts.ts";
import { makeSpec } from "../../../src/engine/make-spec.ts";
import type { RunOptions } from "../../../src/engine/run-options.ts";
import { baseFacts, baseOptions } from "../base-options.ts";

const FOLDER = "/run/bunker/containers/<id>";

const v2 = makeV2({
  directory: "/sys/fs/cgroup",
  controllers: ["cpu", "memory", "pids"],
  own: "/",
});

const v1 = makeV1({
  hierarchies: ["memory", "pids", "devices"].map((controller) => ({
    directory: `/sys/fs/cgroup/${controller}`,
    controllers: [controller],
    own: "/",
  })),
  hybrid: true,
});

export interface Case {
  readonly name: string;
  readonly cgroups: CgroupManager;
  readonly options: Partial<RunOptions>;
  readonly facts: Partial<SpecFacts>;
}

const ids = [{ containerID: 0, hostID: 100000, size: 65536 }];

const NO_NEW_PRIVILEGES = { ...baseOptions.security, noNewPrivileges: true };

export const cases: readonly Case[] = [
  {
    name: "plain-v2",
    cgroups: v2,
    options: { resources: { memoryBytes: 64 * 1024 * 1024, pidsLimit: 20 } },
    facts: {},
  },
  {
    name: "limits-v1",
    cgroups: v1,
    options: {
      resources: { memoryBytes: 64 * 1024 * 1024 },
      oomScoreAdj: 500,
      readonlyRootfs: true,
      performer: "process",
      network: { kind: "host" },
    },
    facts: {},
  },
  {
    name: "reaper",
    cgroups: v2,
    options: { init: true, tty: true, interactive: true, security: NO_NEW_PRIVILEGES },
    facts: {},
  },
  {
    name: "user-namespace-with-terminal",
    cgroups: v2,
    options: { tty: true, interactive: true, userns: { kind: "auto" }, name: "web" },
    facts: { idMappings: { uids: ids, gids: ids }, user: { uid: 7, gid: 8, additionalGids: [9] } },
  },
];

/** The explanation of a case: pure, as nothing of this machine is looked at. */
export function explainCase({ cgroups, options: own, facts }: Case): Explanation {
  const options: RunOptions = {
    ...baseOptions,
    root: { kind: "rootfs", path: "/srv/rootfs" },
    command: ["/bin/true"],
    ...own,
  };
  const made = makeSpec(options, {
    ...baseFacts,
    containerId: "<id>",
    etcFiles: { hosts: `${FOLDER}/hosts` },
    ...facts,
  });
  const { spec } = made;
  const cgroupsPath = spec.linux?.cgroupsPath ?? "/bunker/<id>";
  const request = {
    spec,
    rootSource: { kind: "directory", path: "/srv/rootfs" } as const,
    stateFolder: `${FOLDER}/scratch`,
    cgroupJoin: cgroups.join(cgroupsPath),
    cgroupViews: listCgroupViews(cgroups, cgroupsPath, false),
    isDirectory: () => false,
    kindOf: () => "unknown" as const,
    noPivot: false,
    preserveFds: [],
    noNewKeyring: false,
    ...(made.init ? { planReaper } : {}),
    ...(facts.idMappings === undefined
      ? {}
      : {
          mapping: {
            planMapped,
            takeHostOpens,
            slotsOf,
            mapsSource: (path: string) => path === "/srv/rootfs",
          },
        }),
    parentPid: 4711,
  };
  const prepared = {
    spec,
    request,
    cgroups,
    cgroupsPath,
    cgroupSteps: () => cgroups.planCreate(cgroupsPath, spec.linux?.resources ?? {}),
    etcFiles: [{ name: "hosts", text: "" } as const],
    warnings: [],
  };
  const plan = planContainer(request);
  const nameLink = `/run/bunker/names/${options.name ?? "<name>"}`;
  const { performer } = options;
  return {
    notes: ["A note."],
    rooms: listRooms({ prepared, plan, folder: FOLDER, nameLink, performer }),
    namespaces: (spec.linux?.namespaces ?? []).map(({ type }) => type),
  };
}
