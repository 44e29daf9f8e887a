// The rules by nft: see ruleset.ts.

import { tellNetfilter } from "../ffi/netfilter.ts";
import type { Firewall, Transaction } from "./firewall.ts";
import { encodePorts } from "./port-batch.ts";
import { mustSucceed, startTransaction } from "./program.ts";
import {
  FLUSH_PORTS,
  formatNetworkRemoval,
  formatPorts,
  formatRuleset,
  listPortElements,
  type PortElement,
} from "./ruleset.ts";

const tell = (text: string): Transaction => ({ program: "nft", args: ["-f", "-"], text });

const tellAny = (text: string): Transaction[] => (text === "" ? [] : [tell(text)]);

function changePorts(verb: "add" | "delete", elements: readonly PortElement[]): boolean {
  if (elements.length === 0) return true;
  const { bytes, answers } = encodePorts(verb, elements);
  return tellNetfilter(bytes, answers);
}

export const nftables: Firewall = {
  rebuild: (networks, published) => {
    const ports = published.map((each) => formatPorts(each.ports, each.target));
    const text = formatRuleset(networks) + FLUSH_PORTS + ports.join("");
    mustSucceed("set the rules of networks", startTransaction(tell(text)));
  },
  planPorts: ({ ports, target }) => tellAny(formatPorts(ports, target)),
  addPorts: ({ ports, target }) => {
    const isDone = changePorts("add", listPortElements(ports, target));
    return () => isDone;
  },
  removePorts: ({ ports, target }) => {
    const elements = listPortElements(ports, target);
    const isDone = changePorts("delete", elements);
    // Where one is missing nothing is removed: then one after the other.
    if (!isDone) for (const element of elements) changePorts("delete", [element]);
    return () => isDone;
  },
  planLateRemoval: () => [],
  planNetworkRemoval: (network) => tellAny(formatNetworkRemoval(network).join("")),
  planServer: (address, { udp, tcp }) =>
    // Of one that was killed there is a table that leads nowhere.
    tell(`add table ip bunker-dns
delete table ip bunker-dns
table ip bunker-dns {
  chain output {
    type nat hook output priority -100;
    ip daddr ${address} udp dport 53 dnat to ${address}:${udp}
    ip daddr ${address} tcp dport 53 dnat to ${address}:${tcp}
  }
}
`),
  split: ({ text }) =>
    text.split("\n").flatMap((line) => {
      const [, head, elements = ""] = /^(.*\{) (.*) \}$/.exec(line) ?? [];
      if (head === undefined) return [];
      return elements.split(", ").map((element) => tell(`${head} ${element} }\n`));
    }),
};
