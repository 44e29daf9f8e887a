// `bunker network create`
import { UserError } from "../../errors.ts";
import type { CreateNetworkOptions } from "../../engine/networks/create-network.ts";
import type { Flag } from "../flag.ts";
import { makeCommand } from "../command.ts";
import { parseLabel, splitPair } from "../values/pair.ts";

type Draft = {
  -readonly [K in "driver" | "ipv6" | "internal" | "attachable"]: CreateNetworkOptions[K];
} & {
  readonly subnets: string[];
  readonly ranges: string[];
  readonly gateways: string[];
  readonly reserved: Record<string, string>;
  readonly labels: Record<string, string>;
  readonly options: Record<string, string>;
};

const group = "Flags";

function listFlag(
  key: "subnets" | "ranges" | "gateways",
  placeholder: string,
  help: string,
): Flag<Draft> {
  return {
    type: "list",
    group,
    placeholder,
    help,
    set: (draft, text) => {
      draft[key].push(text);
    },
  };
}

function switchFlag(key: "ipv6" | "internal" | "attachable", help: string): Flag<Draft> {
  return {
    type: "bool",
    group,
    help,
    set: (draft, value) => {
      draft[key] = value;
    },
  };
}

export const networkCreateCommand = makeCommand<Draft>({
  name: "network create",
  summary: "Create a network",
  usage: "[flags] NETWORK",
  examples: [
    { does: "One whose containers find each other by name", line: "bunker network create app" },
    {
      does: "With addresses of one's own choice",
      line: "bunker network create --subnet 10.9.0.0/24 --gateway 10.9.0.1 app",
    },
  ],
  refused: {
    "config-from": "a network has a configuration of its own",
    "config-only": "a network has a configuration of its own",
    ingress: "it is for swarm's services",
    "ipam-opt": "addresses are given out by bunker itself, which has no options",
  },
  failureCode: 1,
  flags: {
    driver: {
      type: "text",
      short: "d",
      group,
      fallback: '"bridge"',
      help: "Driver to manage the Network (bridge, macvlan, ipvlan)",
      set: (draft, text) => {
        draft.driver = text;
      },
    },
    subnet: listFlag(
      "subnets",
      "subnet",
      "Subnet in CIDR format that represents a network segment",
    ),
    "ip-range": listFlag("ranges", "subnet", "Allocate container ip from a sub-range"),
    gateway: listFlag("gateways", "address", "IPv4 or IPv6 Gateway for the subnet"),
    ipv6: switchFlag("ipv6", "Enable IPv6 address assignment"),
    ipv4: {
      type: "bool",
      group,
      fallback: "true",
      help: "Enable IPv4 address assignment, which every network has",
      set: (_draft, value) => {
        if (!value) throw new UserError("every network has IPv4 addresses");
      },
    },
    "aux-address": {
      type: "list",
      group,
      placeholder: "NAME=ADDRESS",
      help: "An address that something else has in the network, and no container gets",
      set: (draft, text) => {
        const [key, value] = splitPair(text);
        draft.reserved[key] = value;
      },
    },
    "ipam-driver": {
      type: "text",
      ignoresEmpty: true,
      group,
      fallback: '"default"',
      help: "IP Address Management Driver",
      set: (_draft, text) => {
        if (text !== "default") throw new UserError(`ipam driver "${text}" is not there`);
      },
    },
    scope: {
      type: "text",
      ignoresEmpty: true,
      group,
      fallback: '"local"',
      help: "Control the network's scope",
      set: (_draft, text) => {
        if (text !== "local") throw new UserError("the only scope is local");
      },
    },
    internal: switchFlag("internal", "Restrict external access to the network"),
    attachable: switchFlag("attachable", "Enable manual container attachment"),
    label: {
      type: "list",
      group,
      help: "Set metadata on a network",
      set: (draft, text) => {
        const [key, value] = parseLabel(text);
        draft.labels[key] = value;
      },
    },
    opt: {
      type: "list",
      short: "o",
      group,
      placeholder: "map",
      help: "Set driver specific options (mtu=, parent=, macvlan_mode=, ipvlan_mode=)",
      set: (draft, text) => {
        const [key, value] = splitPair(text);
        draft.options[key] = value;
      },
    },
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({
    driver: "bridge",
    ipv6: false,
    internal: false,
    attachable: false,
    subnets: [],
    ranges: [],
    gateways: [],
    reserved: {},
    labels: {},
    options: {},
  }),
  run: async (draft, [name = ""], context) => {
    const networks = await context.engine.networks();
    context.write(`${networks.createNetwork({ ...draft, name })}\n`);
    return 0;
  },
});
