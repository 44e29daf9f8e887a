// IP addresses and subnets as numbers: parsed, formatted, compared. Pure.

export type Family = 4 | 6;

/** An address: its bits as a number. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** A range of addresses that begin with the same `prefix` bits. */
export interface Subnet {
  readonly family: Family;
  /** The address of the network itself: all other bits are 0. */
  readonly base: bigint;
  readonly prefix: number;
}

export const bitsOf = (family: Family): number => (family === 4 ? 32 : 128);

/** The address that a text is, or undefined. inet_pton(3) */
export function parseAddress(text: string): Address | undefined {
  return text.includes(":") ? parseAddress6(text) : parseAddress4(text);
}

function parseAddress4(text: string): Address | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let value = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = (value << 8n) | BigInt(part);
  }
  return { family: 4, value };
}

function parseAddress6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(parseGroups);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...new Array<number>(missing).fill(0), ...(tail ?? [])]) {
    value = (value << 16n) | BigInt(group);
  }
  return { family: 6, value };
}

function parseGroups(text: string): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    // The last 32 bits may be written as an IPv4 address.
    const four = index === parts.length - 1 ? parseAddress4(part) : undefined;
    if (four !== undefined) groups.push(Number(four.value >> 16n), Number(four.value & 0xffffn));
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** The text of an address. RFC 5952 for IPv6 */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    const bytes = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn);
    return bytes.join(".");
  }
  const groups: string[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) {
    groups.push(((value >> shift) & 0xffffn).toString(16));
  }
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === "0") continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}

/** `ADDRESS/PREFIX` as the subnet it lies in, or undefined. */
export function parseSubnet(text: string): Subnet | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const prefixText = text.slice(slash + 1);
  if (address === undefined || !/^\d{1,3}$/.test(prefixText)) return undefined;
  const prefix = Number(prefixText);
  if (prefix > bitsOf(address.family)) return undefined;
  return subnetOf(address, prefix);
}

/** The subnet of `prefix` bits that an address lies in. */
export function subnetOf({ family, value }: Address, prefix: number): Subnet {
  const rest = BigInt(bitsOf(family) - prefix);
  return { family, base: (value >> rest) << rest, prefix };
}

export const formatSubnet = ({ family, base, prefix }: Subnet): string =>
  `${formatAddress({ family, value: base })}/${prefix}`;

/** The last address of a subnet, IPv4's broadcast address. */
export const lastOf = ({ family, base, prefix }: Subnet): bigint =>
  base + (1n << BigInt(bitsOf(family) - prefix)) - 1n;

export function contains(subnet: Subnet, { family, value }: Address): boolean {
  return family === subnet.family && value >= subnet.base && value <= lastOf(subnet);
}

export function overlaps(one: Subnet, other: Subnet): boolean {
  if (one.family !== other.family) return false;
  return one.base <= lastOf(other) && other.base <= lastOf(one);
}

/** The address `index` places behind the subnet's own. */
export const addressAt = ({ family, base }: Subnet, index: bigint): Address => ({
  family,
  value: base + index,
});

/** The name under which an address is looked up backwards. RFC 1035, 3.5; RFC 3596, 2.5 */
export function reverseName({ family, value }: Address): string {
  const step = family === 4 ? 8n : 4n;
  const radix = family === 4 ? 10 : 16;
  const mask = (1n << step) - 1n;
  const labels: string[] = [];
  for (let shift = 0n; shift < BigInt(bitsOf(family)); shift += step) {
    labels.push(((value >> shift) & mask).toString(radix));
  }
  return `${labels.join(".")}.${family === 4 ? "in-addr.arpa" : "ip6.arpa"}`;
}
