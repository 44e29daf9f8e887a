// Who has asked a port by UDP goes on to be led where the first packet was led, as long as it asks within half a
// minute: to a container that is gone, or to the host, where the port was not published yet. So the kernel
// forgets such flows where a port is published, and where it is not any more. (With TCP each connection is led
// anew.)

import { forgetUdpFlows } from "../ffi/conntrack.ts";
import { SyscallError } from "../ffi/syscall-error.ts";
import { parseAddress } from "./address.ts";
import type { PortMapping } from "./definition.ts";

const LOOPBACK_NET = 127n;

/** What cannot be forgotten ends by itself: it is no failure of who publishes. */
export function forgetFlows(ports: readonly PortMapping[]): void {
  const wanted = ports.filter(({ protocol }) => protocol === "udp");
  if (wanted.length === 0) return;
  const places = listPlaces(wanted);
  const own = listOwn();
  try {
    forgetUdpFlows(({ family, address, port }) => {
      const place = `${family} ${address}`;
      if (places.get(port)?.has(place) === true) return true;
      const isOwn = own.has(place) || (family === 4 && address >> 24n === LOOPBACK_NET);
      return isOwn && places.get(port)?.has("") === true;
    });
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
  }
}

/** By port, the addresses on which it is published; "" for all that the host has. */
function listPlaces(ports: readonly PortMapping[]): Map<number, Set<string>> {
  const places = new Map<number, Set<string>>();
  for (const { hostIp, hostPort } of ports) {
    const address = hostIp === "" ? undefined : parseAddress(hostIp);
    const isAny = address === undefined || address.value === 0n;
    const place = isAny ? "" : `${address.family} ${address.value}`;
    const known = places.get(hostPort);
    if (known === undefined) places.set(hostPort, new Set([place]));
    else known.add(place);
  }
  return places;
}

/** The host's own addresses. */
function listOwn(): Set<string> {
  const own = new Set<string>();
  // Start-up: loaded for this alone.
  const { networkInterfaces } = process.getBuiltinModule("node:os");
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) {
      const parsed = parseAddress(address.replace(/%.*/, ""));
      if (parsed !== undefined) own.add(`${parsed.family} ${parsed.value}`);
    }
  }
  return own;
}
