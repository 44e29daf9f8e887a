// What stands in a container's /etc/hosts and /etc/resolv.conf. Pure, but for the host's own files.

import { readTextIfThere } from "../../../ffi/files.ts";
import type { Endpoint } from "../../../network/definition.ts";
import { UserError } from "../../errors.ts";
import type { HostEntryOption, NetworkingOptions } from "../run-options.ts";

const LOCAL_HOSTS = `127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

const bare = (ip: string): string => ip.replace(/\/.*/, "");

/** The lines of an endpoint: its addresses, by the container's name. */
export function formatHostLines(
  { ip4, ip6 }: Pick<Endpoint, "ip4" | "ip6">,
  names: string,
): string {
  return [ip4, ip6].map((ip) => (ip === "" ? "" : `${bare(ip)}\t${names}\n`)).join("");
}

/** @param base what the file has before, where it is the host's own */
export function makeHostsFile(
  endpoints: readonly Endpoint[],
  names: string,
  addHosts: readonly HostEntryOption[],
  base?: string,
): string {
  const local = base ?? LOCAL_HOSTS;
  const extra = addHosts.map(
    ({ name, address }) => `${resolveGateway(address, endpoints)}\t${name}\n`,
  );
  const own = endpoints.map((endpoint) => formatHostLines(endpoint, names));
  return local + extra.join("") + own.join("");
}

function resolveGateway(address: string, endpoints: readonly Endpoint[]): string {
  if (address !== "host-gateway") return address;
  const gateway = endpoints.find(({ gateway4 }) => gateway4 !== "")?.gateway4;
  if (gateway !== undefined) return gateway;
  throw new UserError(
    "host-gateway is known in a network with a gateway only",
    "add --network bridge, or write the address",
  );
}

/**
 * @param embedded the DNS of the container's networks, "" for none
 * @param host the host's file: what its options and servers are good for
 */
export function makeResolvFile(
  { dns, dnsSearch, dnsOptions }: Pick<NetworkingOptions, "dns" | "dnsSearch" | "dnsOptions">,
  embedded: string,
  host: string,
): string {
  const lines = host
    .split("\n")
    .filter((line) => /^(nameserver|search|domain|options)\s/.test(line));
  const of = (keyword: RegExp): string[] => lines.filter((line) => keyword.test(line));
  const servers =
    embedded !== ""
      ? [embedded]
      : dns.length > 0
        ? dns
        : of(/^nameserver/)
            .map(valueOf)
            .filter(isReachable);
  const search =
    dnsSearch.length > 0
      ? dnsSearch.filter((domain) => domain !== ".").join(" ")
      : of(/^(search|domain)/)
          .map(valueOf)
          .at(-1);
  // As docker has it: a name with a dot is no name of a container's.
  const own = embedded === "" ? [] : ["ndots:0"];
  const options = dnsOptions.length > 0 ? dnsOptions : of(/^options/).map(valueOf);
  let text = servers.map((server) => `nameserver ${server}\n`).join("");
  if (search !== undefined && search !== "") text += `search ${search}\n`;
  const all = [...options, ...own];
  if (all.length > 0) text += `options ${all.join(" ")}\n`;
  return text;
}

const valueOf = (line: string): string => line.replace(/^\S+\s+/, "").trim();

/** A server on the host's loopback is on another loopback in the container. */
const isReachable = (server: string): boolean => !server.startsWith("127.") && server !== "::1";

/** The host's resolv.conf; where all its servers are local, the file of who is behind them. */
export function readHostResolv(): string {
  const text = readTextIfThere("/etc/resolv.conf") ?? "";
  const servers = text.split("\n").filter((line) => line.startsWith("nameserver"));
  if (servers.map(valueOf).some(isReachable)) return text;
  return readTextIfThere("/run/systemd/resolve/resolv.conf") ?? text;
}
