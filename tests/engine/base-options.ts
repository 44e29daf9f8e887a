// The options and facts that tests start from: a plain `run` with nothing asked for, on a host where
// everything is there.

import type { SpecFacts } from "../../src/engine/host-facts.ts";
import { listCapabilities } from "../../src/engine/capabilities.ts";
import { makePlainOptions, type RunOptions } from "../../src/engine/run-options.ts";

export const ID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

export const baseOptions: RunOptions = {
  ...makePlainOptions(),
  command: ["sh"],
  cgroupns: { kind: "default" },
  network: { kind: "private" },
};

export const baseFacts: SpecFacts = {
  containerId: ID,
  rootfsPath: "/run/bunker/c/rootfs",
  user: { uid: 0, gid: 0, additionalGids: [], home: "/root" },
  etcFiles: { hosts: "/s/hosts", hostname: "/s/hostname", resolvConf: "/s/resolv.conf" },
  hostHostname: "host",
  capabilities: listCapabilities(),
  hardLimits: { RLIMIT_NOFILE: 524288 },
  defaultCgroupNamespace: "private",
  timeNamespace: true,
};
