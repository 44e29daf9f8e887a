// The rules by nft: see ruleset.ts.

import type { Firewall, Transaction } from "./firewall.ts";
import { mustSucceed, NFT_ARGS, startTransaction } from "./program.ts";
import {
  FLUSH_PORTS,
  formatNetworkRemoval,
  formatPortRemoval,
  formatPorts,
  formatRuleset,
} from "./ruleset.ts";

const tell = (text: string): Transaction => ({ program: "nft", args: NFT_ARGS, text });

const tellAny = (text: string): Transaction[] => (text === "" ? [] : [tell(text)]);

export const nftables: Firewall = {
  rebuild: (networks, published) => {
    const ports = published.map((each) => formatPorts(each.ports, each.target));
    const text = formatRuleset(networks) + FLUSH_PORTS + ports.join("");
    mustSucceed("set the rules of networks", startTransaction(tell(text)));
  },
  planPorts: ({ ports, target }) => tellAny(formatPorts(ports, target)),
  planPortRemoval: ({ ports, target }) => tellAny(formatPortRemoval(ports, target)),
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
