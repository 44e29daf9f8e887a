// The same rules by iptables, where there is no nft: in chains of our own, to which one rule of each
// built-in chain leads. A table is changed at once, and never anything of somebody else's.
// iptables-restore(8), iptables-extensions(8)
//
// It has no sets that every kernel knows: so a port is a rule. And no way to rewrite an address without
// conntrack: so [::1] of a published port does not answer.

import { parseAddress } from "./address.ts";
import {
  hasServer,
  isRouted,
  masquerades,
  type NetworkDefinition,
  type PortMapping,
} from "./definition.ts";
import type { Firewall, Published, Transaction } from "./firewall.ts";
import {
  mustSucceed,
  startProgram,
  startRemovals,
  startTransaction,
  startTransactions,
} from "./program.ts";
import type { PublishTarget } from "./ruleset.ts";

type Family = 4 | 6;
type Table = "raw" | "filter" | "nat";

/** A rule of one of our chains. */
interface Rule {
  readonly table: Table;
  readonly chain: string;
  readonly match: string;
}

const GUARD = "BUNKER-GUARD";
const FORWARD = "BUNKER-FORWARD";
const INTO = "BUNKER-INTO";
const OUT = "BUNKER-OUT";
const PUBLISH = "BUNKER-PUBLISH";
const LEAVE = "BUNKER-LEAVE";
const BACK = "BUNKER-BACK";

/** Order: the doors are closed before a port leads to them. */
const CHAINS: Readonly<Record<Table, readonly string[]>> = {
  raw: [GUARD],
  filter: [FORWARD, INTO, OUT],
  nat: [PUBLISH, LEAVE, BACK],
};

/** How packets come to our chains: the rules in chains that are everybody's. */
const JUMPS: readonly Rule[] = [
  { table: "raw", chain: "PREROUTING", match: `-j ${GUARD}` },
  { table: "filter", chain: "FORWARD", match: `-j ${FORWARD}` },
  { table: "nat", chain: "PREROUTING", match: `-m addrtype --dst-type LOCAL -j ${PUBLISH}` },
  { table: "nat", chain: "OUTPUT", match: `-m addrtype --dst-type LOCAL -j ${PUBLISH}` },
  { table: "nat", chain: "POSTROUTING", match: `-j ${LEAVE}` },
];

const LOOPBACK = "127.0.0.0/8";
const KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
const REDIRECTED = "-m conntrack --ctstate DNAT";

const subnetsOf = ({ subnets }: NetworkDefinition, family: Family): string[] =>
  subnets.map(({ subnet }) => subnet).filter((text) => text.includes(":") === (family === 6));

/** What a network adds to each chain, in the chains' order. */
function listNetworkRules(network: NetworkDefinition, family: Family): Rule[] {
  const { link, internal } = network;
  const rules: Rule[] = [
    { table: "filter", chain: FORWARD, match: `-i ${link} -o ${link} -j ACCEPT` },
    { table: "nat", chain: LEAVE, match: `-o ${link} -g ${BACK}` },
  ];
  // Security: route_localnet is for the host alone: CVE-2020-8558.
  const guard = `-i ${link} -d ${LOOPBACK} -j DROP`;
  if (family === 4) rules.push({ table: "raw", chain: GUARD, match: guard });
  // Our own DNS, whoever has published that port.
  const { gateway = "" } = network.subnets.find(({ subnet }) => !subnet.includes(":")) ?? {};
  if (family === 4 && hasServer(network) && gateway !== "") {
    for (const protocol of ["udp", "tcp"]) {
      const match = `-d ${gateway}/32 -i ${link} -p ${protocol} -m ${protocol} --dport 53 -j RETURN`;
      rules.push({ table: "nat", chain: PUBLISH, match });
    }
  }
  if (internal) {
    rules.push({ table: "filter", chain: INTO, match: `-i ${link} -j DROP` });
    rules.push({ table: "filter", chain: INTO, match: `-o ${link} -j DROP` });
    rules.push({ table: "filter", chain: OUT, match: `-i ${link} -j DROP` });
  }
  if (!masquerades(network)) return rules;
  for (const subnet of subnetsOf(network, family)) {
    rules.push({ table: "nat", chain: LEAVE, match: `-s ${subnet} -j MASQUERADE` });
    rules.push({ table: "nat", chain: BACK, match: `-s ${subnet} ${REDIRECTED} -j MASQUERADE` });
  }
  return rules;
}

/** What comes behind all networks' rules of the same chain. */
function listClosingRules(network: NetworkDefinition): Rule[] {
  const { link } = network;
  const rules: Rule[] = [
    { table: "filter", chain: FORWARD, match: `-o ${link} -g ${INTO}` },
    { table: "filter", chain: FORWARD, match: `-i ${link} -g ${OUT}` },
    { table: "filter", chain: INTO, match: `-i ${link} -j DROP` },
  ];
  if (isRouted(network))
    rules.push({ table: "filter", chain: INTO, match: `-o ${link} -j ACCEPT` });
  return rules;
}

/** All tables of a family. @param saved what `iptables-save` tells: who already leads to our chains */
export function formatTables(
  networks: readonly NetworkDefinition[],
  published: readonly Published[],
  family: Family,
  saved: string,
): string {
  const known: Rule = { table: "filter", chain: INTO, match: KNOWN };
  const opened: Rule = { table: "filter", chain: INTO, match: `${REDIRECTED} -j ACCEPT` };
  const loopback: Rule = { table: "nat", chain: BACK, match: `-s ${LOOPBACK} -j MASQUERADE` };
  const rules: Rule[] = [
    known,
    { ...known, chain: OUT },
    ...(family === 4 ? [loopback] : []),
    ...networks.flatMap((network) => listNetworkRules(network, family)),
    opened,
    ...networks.flatMap(listClosingRules),
    // What is not published is not reached, whoever has a route to it.
    { table: "filter", chain: INTO, match: "-j DROP" },
    { table: "filter", chain: OUT, match: "-j ACCEPT" },
  ];
  const ports = published.flatMap((each) => listPortRules(each, family));
  let text = "";
  for (const table of ["raw", "filter", "nat"] as const) {
    text += `*${table}\n`;
    // With --noflush, naming a chain makes or empties it.
    for (const chain of CHAINS[table]) text += `:${chain} - [0:0]\n`;
    const section = sectionOf(saved, table);
    for (const jump of JUMPS) {
      const line = `-A ${jump.chain} ${jump.match}`;
      if (jump.table !== table || section.includes(`\n${line}\n`)) continue;
      text += `-I ${jump.chain} 1 ${jump.match}\n`;
    }
    for (const rule of rules) if (rule.table === table) text += formatRule("-A", rule);
    if (table === "nat") text += ports.map(formatPort).join("");
    text += "COMMIT\n";
  }
  return text;
}

/** The part of `iptables-save` that is about a table. */
function sectionOf(saved: string, table: Table): string {
  const start = saved.indexOf(`*${table}\n`);
  return start < 0 ? "" : saved.slice(start, saved.indexOf("\nCOMMIT", start) + 1);
}

const formatRule = (verb: "-A" | "-I" | "-D", { chain, match }: Rule): string =>
  `${verb} ${chain} ${match}\n`;

/** One on a single address goes before those on all of them. */
const formatPort = (rule: Rule): string =>
  formatRule(rule.match.startsWith("-d ") ? "-I" : "-A", rule);

function listPortRules({ ports, target }: Published, family: Family): Rule[] {
  return ports.flatMap((port) => {
    const match = matchPort(port, target, family);
    return match === undefined ? [] : [{ table: "nat" as const, chain: PUBLISH, match }];
  });
}

function matchPort(
  { protocol, hostIp, hostPort, containerPort }: PortMapping,
  { ip4, ip6 }: PublishTarget,
  family: Family,
): string | undefined {
  const ip = family === 4 ? ip4 : ip6;
  const host = hostIp === "" ? undefined : parseAddress(hostIp);
  if (ip === "" || (host !== undefined && host.family !== family)) return undefined;
  const bound = host === undefined || host.value === 0n ? "" : `-d ${hostIp} `;
  const to = family === 4 ? `${ip}:${containerPort}` : `[${ip}]:${containerPort}`;
  return `${bound}-p ${protocol} -m ${protocol} --dport ${hostPort} -j DNAT --to-destination ${to}`;
}

const nameOf = (family: Family, what: "restore" | "save"): string =>
  `${family === 4 ? "iptables" : "ip6tables"}-${what}`;

/** -w: another program may be changing rules. */
const tell = (family: Family, text: string): Transaction => ({
  program: nameOf(family, "restore"),
  args: ["-w", "--noflush"],
  text,
});

function tellRules(
  format: (rule: Rule) => string,
  list: (family: Family) => readonly Rule[],
): Transaction[] {
  const told: Transaction[] = [];
  for (const family of [4, 6] as const) {
    const rules = list(family);
    let text = "";
    for (const table of ["raw", "filter", "nat"] as const) {
      const lines = rules.filter((rule) => rule.table === table).map(format);
      if (lines.length > 0) text += `*${table}\n${lines.join("")}COMMIT\n`;
    }
    if (text !== "") told.push(tell(family, text));
  }
  return told;
}

const hasFamily = (network: NetworkDefinition, family: Family): boolean =>
  family === 4 || subnetsOf(network, 6).length > 0;

export const iptables: Firewall = {
  rebuild: (networks, published) => {
    for (const family of [4, 6] as const) {
      const own = networks.filter((network) => hasFamily(network, family));
      if (own.length === 0) continue;
      const asked = startProgram(nameOf(family, "save"), [], "");
      const saved = mustSucceed("read the rules of this host", asked);
      const text = formatTables(own, published, family, saved);
      mustSucceed("set the rules of networks", startTransaction(tell(family, text)));
    }
  },
  planPorts: (published) => tellRules(formatPort, (family) => listPortRules(published, family)),
  addPorts: (published) => startTransactions(iptables.planPorts(published)),
  removePorts: (published) => startRemovals(iptables.planLateRemoval(published), iptables.split),
  planLateRemoval: (published) =>
    tellRules(
      (rule) => formatRule("-D", rule),
      (family) => listPortRules(published, family),
    ),
  planNetworkRemoval: (network) =>
    tellRules(
      (rule) => formatRule("-D", rule),
      (family) =>
        hasFamily(network, family)
          ? [...listNetworkRules(network, family), ...listClosingRules(network)]
          : [],
    ),
  planServer: (address, ports) => {
    const lines = (["udp", "tcp"] as const).map(
      (protocol) =>
        `-A BUNKER-DNS -p ${protocol} -m ${protocol} --dport 53 ` +
        `-j DNAT --to-destination ${address}:${ports[protocol]}\n`,
    );
    const chain = `:BUNKER-DNS - [0:0]\n-A OUTPUT -d ${address} -j BUNKER-DNS\n`;
    return tell(4, `*nat\n${chain}${lines.join("")}COMMIT\n`);
  },
  split: (transaction) => {
    let table = "";
    return transaction.text.split("\n").flatMap((line) => {
      if (line.startsWith("*")) table = line;
      if (!line.startsWith("-")) return [];
      return [{ ...transaction, text: `${table}\n${line}\nCOMMIT\n` }];
    });
  },
};
