// The flags of `run` about networks: which, what the container is in them, and which of its ports are
// the host's.
import type {
  NetworkingOptions,
  NetworkOption,
  RunOptions,
  Writable,
} from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import type { FlagTable } from "../flag.ts";
import { splitCsv } from "../values/csv.ts";
import { isNetworkMode, parseNetwork } from "../values/namespace.ts";
import { parseInteger } from "../values/number.ts";
import { isIp, parseExpose, parsePublish } from "../values/publish.ts";
import type { NetworkDraft, RunDraft } from "./draft.ts";

const group = "Network";

/** Start-up time: made for those only who ask for something of it. */
function of(draft: RunDraft): NetworkDraft {
  return (draft.networking ??= {
    networks: [],
    aliases: [],
    linkLocal: [],
    ip: undefined,
    ip6: undefined,
    mac: undefined,
    publish: [],
    publishAll: false,
    expose: [],
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    addHosts: [],
  });
}

function setNetwork(draft: RunDraft, text: string): void {
  if (isNetworkMode(text)) {
    draft.options.network = parseNetwork(text);
    draft.hasNetworkMode = true;
  } else {
    of(draft).networks.push(parseNamedNetwork(text));
  }
}

/** `NAME`, or docker's long form: `name=NAME,alias=…,ip=…`. */
function parseNamedNetwork(text: string): NetworkOption {
  if (!text.includes("=")) return { name: text, aliases: [], linkLocal: [] };
  const network: Writable<NetworkOption> = { name: "", aliases: [], linkLocal: [] };
  for (const field of splitCsv(text)) {
    const equals = field.indexOf("=");
    const [key, value] = [field.slice(0, equals).toLowerCase(), field.slice(equals + 1)];
    if (key === "name") network.name = value;
    else if (key === "alias") network.aliases.push(value);
    else if (key === "ip") network.ip = value;
    else if (key === "ip6") network.ip6 = value;
    else if (key === "mac-address") network.mac = value;
    else if (key === "link-local-ip") network.linkLocal.push(value);
    else if (key === "gw-priority") network.gatewayPriority = parseInteger(value);
    else if (key === "driver-opt") throw new UserError("a container's link has no options");
    else throw new UserError(`invalid field ${field}`);
  }
  if (network.name === "") throw new UserError("network name is missing");
  return network;
}

function parseAddHost(text: string) {
  const at = text.search(/[:=]/);
  const name = text.slice(0, Math.max(0, at));
  const address = text.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (at <= 0 || address === "") throw new UserError(`bad format for add-host: "${text}"`);
  if (address !== "host-gateway" && !isIp(address)) {
    throw new UserError(`invalid IP address in add-host: "${address}"`);
  }
  return { name, address };
}

function requireIp(text: string): string {
  if (isIp(text)) return text;
  throw new UserError(`IP address is not correctly formatted: ${text}`);
}

export const networkFlags: FlagTable<RunDraft> = {
  network: {
    type: "list",
    aliases: ["net"],
    ignoresEmpty: true,
    group,
    fallback: "bridge",
    placeholder: "network",
    help: "Connect to a network by name, or none, host, container:ID, ns:PATH, cni:NAME",
    set: setNetwork,
  },
  publish: {
    type: "list",
    short: "p",
    group,
    placeholder: "[IP:][HOST:]PORT[/PROTOCOL]",
    help: "Publish a container's port(s) to the host",
    set: (draft, text) => {
      const { publish } = of(draft);
      for (const port of parsePublish(text)) publish.push(port);
    },
  },
  "publish-all": {
    type: "bool",
    short: "P",
    group,
    help: "Publish all exposed ports to random ports",
    set: (draft, value) => {
      of(draft).publishAll = value;
    },
  },
  expose: {
    type: "list",
    group,
    placeholder: "port",
    help: "Expose a port or a range of ports",
    set: (draft, text) => {
      of(draft).expose.push(...parseExpose(text));
    },
  },
  "network-alias": {
    type: "list",
    aliases: ["net-alias"],
    group,
    placeholder: "name",
    help: "Add network-scoped alias for the container",
    set: (draft, text) => {
      of(draft).aliases.push(text);
    },
  },
  ip: {
    type: "text",
    ignoresEmpty: true,
    group,
    placeholder: "address",
    help: "IPv4 address (e.g., 172.30.100.104)",
    set: (draft, text) => {
      of(draft).ip = text;
    },
  },
  ip6: {
    type: "text",
    ignoresEmpty: true,
    group,
    placeholder: "address",
    help: "IPv6 address (e.g., 2001:db8::33)",
    set: (draft, text) => {
      of(draft).ip6 = text;
    },
  },
  "link-local-ip": {
    type: "list",
    group,
    placeholder: "address",
    help: "Container IPv4/IPv6 link-local addresses",
    set: (draft, text) => {
      of(draft).linkLocal.push(text);
    },
  },
  "mac-address": {
    type: "text",
    ignoresEmpty: true,
    group,
    placeholder: "address",
    help: "Container MAC address (e.g., 92:d0:c6:0a:29:33)",
    set: (draft, text) => {
      of(draft).mac = text;
    },
  },
  dns: {
    type: "list",
    group,
    placeholder: "address",
    help: "Set custom DNS servers",
    set: (draft, text) => {
      of(draft).dns.push(requireIp(text));
    },
  },
  "dns-search": {
    type: "list",
    group,
    placeholder: "domain",
    help: "Set custom DNS search domains",
    set: (draft, text) => {
      of(draft).dnsSearch.push(text);
    },
  },
  "dns-option": {
    type: "list",
    aliases: ["dns-opt"],
    group,
    placeholder: "option",
    help: "Set DNS options",
    set: (draft, text) => {
      of(draft).dnsOptions.push(text);
    },
  },
  "add-host": {
    type: "list",
    group,
    placeholder: "NAME:ADDRESS",
    help: "Add a custom host-to-IP mapping (host-gateway is the host)",
    set: (draft, text) => {
      of(draft).addHosts.push(parseAddHost(text));
    },
  },
};

/** Of a container for which no network was named: the caller's own choice, instead of the bridge. */
const USUAL_NETWORK = "BUNKER_NETWORK";

/** @throws UserError where what the environment names cannot be */
export function useUsualNetwork(draft: RunDraft): void {
  const { hasNetworkMode, networking, context } = draft;
  if (hasNetworkMode || (networking?.networks.length ?? 0) > 0) return;
  const usual = context.env[USUAL_NETWORK] ?? "";
  if (usual === "none") return;
  if (usual !== "") setNetwork(draft, usual);
  else if (!needsLink(networking)) of(draft).networks.push({ ...BRIDGE, isUsual: true });
}

const BRIDGE: NetworkOption = { name: "bridge", aliases: [], linkLocal: [] };

/** Whether it is said what the container is to be in a network: that asks for one. */
function needsLink(networking: NetworkDraft | undefined): boolean {
  if (networking === undefined) return false;
  const { aliases, linkLocal, ip, ip6, mac, publish, publishAll } = networking;
  const own = aliases.length + linkLocal.length > 0 || (ip ?? ip6 ?? mac) !== undefined;
  return own || publishAll || publish.length > 0;
}

/** Returns what the flags come to, all of them known. @throws UserError where they contradict */
export function finishNetworking(draft: RunDraft): Pick<RunOptions, "network" | "networking"> {
  const { networking, options, hasNetworkMode } = draft;
  const { network } = options;
  if (networking === undefined) return { network };
  const { networks, aliases, linkLocal, ip, ip6, mac, ...rest } = networking;
  if (hasNetworkMode && networks.length > 0) {
    throw new UserError(
      "conflicting options: cannot attach both user-defined and non-user-defined network-modes",
    );
  }
  if (network.kind === "container") refuseShared(networking);
  if (aliases.length > 0 && !networks.some(({ name }) => name !== "bridge" && name !== "default")) {
    throw new UserError("network-scoped aliases are only supported for user-defined networks");
  }
  const isOpen = networks.length === 0 && !hasNetworkMode;
  const named = isOpen && needsLink(networking) ? [BRIDGE] : networks;
  // The first has the default route. The sort is stable: as they were named, where nobody says.
  const priorityOf = ({ gatewayPriority = 0 }: NetworkOption): number => gatewayPriority;
  const [first, ...others] =
    named.length > 1 ? named.toSorted((one, other) => priorityOf(other) - priorityOf(one)) : named;
  const merged =
    first === undefined
      ? []
      : [
          {
            ...first,
            aliases: [...first.aliases, ...aliases],
            linkLocal: [...first.linkLocal, ...linkLocal],
            ...(ip !== undefined && { ip }),
            ...(ip6 !== undefined && { ip6 }),
            ...(mac !== undefined && { mac }),
          },
          ...others,
        ];
  // As docker has it: without a network of its own a container's ports are just not published.
  const ports = merged.length > 0 ? {} : { publish: [], publishAll: false };
  const made: NetworkingOptions = { ...rest, ...ports, networks: merged };
  return { network: merged.length > 0 ? { kind: "private" } : network, networking: made };
}

function refuseShared({ publish, publishAll, expose, dns, addHosts, mac }: NetworkDraft): void {
  const conflict =
    publish.length > 0 || publishAll
      ? "port publishing and the container type network mode"
      : expose.length > 0
        ? "port exposing and the container type network mode"
        : dns.length > 0
          ? "dns and the network mode"
          : addHosts.length > 0
            ? "custom host-to-IP mapping and the network mode"
            : mac !== undefined
              ? "mac-address and the network mode"
              : undefined;
  if (conflict !== undefined) throw new UserError(`conflicting options: ${conflict}`);
}
