// A network device of the host's that becomes a container's: what `ip` is told, before and after it
// changes namespaces. Pure.

/** What is done on the host: in one request, so that no name is taken in between. ip-link(8) */
export function planDeviceMove(hostName: string, name: string, namespace: string): string[][] {
  return [
    ["link", "set", "dev", hostName, "down"],
    ["link", "set", "dev", hostName, "name", name, "netns", namespace],
  ];
}

/** What is done inside, as lines of `ip -batch`: the kernel has taken the addresses away. */
export function planDeviceArrival(name: string, addresses: readonly string[]): string[] {
  return [
    ...addresses.map((address) => `address add ${address} dev ${name}`),
    `link set dev ${name} up`,
  ];
}

/**
 * The addresses that go with the device, out of `ip -json address show`: those that somebody gave it,
 * and that mean the same everywhere.
 */
export function listMovableAddresses(json: string): string[] {
  const addresses: string[] = [];
  const devices: unknown = JSON.parse(json);
  for (const device of Array.isArray(devices) ? devices : []) {
    const { addr_info: infos = [] }: { addr_info?: AddressInfo[] } = device;
    for (const { local, prefixlen, scope, dynamic } of infos) {
      if (scope === "global" && dynamic !== true) addresses.push(`${local}/${prefixlen}`);
    }
  }
  return addresses;
}

interface AddressInfo {
  readonly local: string;
  readonly prefixlen: number;
  readonly scope: string;
  readonly dynamic?: boolean;
}
