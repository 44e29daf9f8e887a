// Which subnet a new network gets: the first that nothing on this host has a route to. Pure.

import { addressAt, type Family, overlaps, parseSubnet, type Subnet } from "./address.ts";

interface Pool {
  readonly base: Subnet;
  /** Bits of each network taken out of it. */
  readonly prefix: number;
}

/** Far from docker's (172.17 to 172.31, 192.168) and podman's (10.88, 10.89). */
const POOLS4: readonly string[] = ["10.210.0.0/16 24", "10.176.0.0/12 24", "172.20.0.0/14 24"];
const POOLS6: readonly string[] = ["fd62:756e:6b72::/48 64"];

/** @throws Error never; undefined where everything is taken */
export function chooseSubnet(family: Family, taken: readonly Subnet[]): Subnet | undefined {
  for (const pool of (family === 4 ? POOLS4 : POOLS6).map(parsePool)) {
    const found = firstFree(pool, taken);
    if (found !== undefined) return found;
  }
  return undefined;
}

function parsePool(text: string): Pool {
  const [base = "", prefix = ""] = text.split(" ");
  const subnet = parseSubnet(base);
  if (subnet === undefined) throw new Error(`not a subnet: ${base}`);
  return { base: subnet, prefix: Number(prefix) };
}

function firstFree({ base, prefix }: Pool, taken: readonly Subnet[]): Subnet | undefined {
  const { family } = base;
  const size = 1n << BigInt((family === 4 ? 32 : 128) - prefix);
  const count = 1n << BigInt(prefix - base.prefix);
  for (let index = 0n; index < count; index++) {
    const subnet = { family, base: addressAt(base, index * size).value, prefix };
    if (!taken.some((other) => overlaps(subnet, other))) return subnet;
  }
  return undefined;
}

interface Route {
  readonly dst?: string;
}

/** The subnets of `ip -json route show`: arrays, one after the other where several were asked for. */
export function listRoutes(json: string): Subnet[] {
  const subnets: Subnet[] = [];
  // A batch answers with one array a line of its own.
  for (const text of json.split(/^(?=\[)/m)) {
    if (text.trim() === "") continue;
    const routes: readonly Route[] = JSON.parse(text);
    for (const { dst } of routes) {
      // Everything is reached by it: it says nothing about who has an address.
      if (dst === undefined || dst === "default") continue;
      const subnet = parseSubnet(
        dst.includes("/") ? dst : `${dst}/${dst.includes(":") ? 128 : 32}`,
      );
      if (subnet !== undefined && subnet.prefix > 0) subnets.push(subnet);
    }
  }
  return subnets;
}
