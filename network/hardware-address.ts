// The MAC address of an endpoint: made of its IP address, so that who gets an address again has the
// same one, and nobody's ARP table is wrong meanwhile. Locally administered. Pure.

import { parseAddress } from "./address.ts";

/** @param ip without its prefix; an IPv6 address lends its last 32 bits */
export function makeMac(ip: string): string {
  const value = parseAddress(ip)?.value ?? 0n;
  const bytes = [0x02n, 0x42n, (value >> 24n) & 0xffn, (value >> 16n) & 0xffn];
  bytes.push((value >> 8n) & 0xffn, value & 0xffn);
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

export const isMac = (text: string): boolean => /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text);
