// The column PORTS of `ps`, as docker's DisplayablePorts has it: first what is one port on both sides,
// ports in a row as a range, then what leads elsewhere.

/** A port of a container, and where on the host it is published. */
export interface DisplayedPort {
  readonly containerPort: number;
  readonly protocol: string;
  /** undefined: exposed only. */
  readonly host?: { readonly ip: string; readonly port: number };
}

/** `90/tcp, 0.0.0.0:8000-8001->8000-8001/tcp, 127.0.0.1:8080->80/tcp` */
export function formatDisplayedPorts(ports: readonly DisplayedPort[]): string {
  const groups = new Map<string, { first: number; last: number }>();
  const ended: string[] = [];
  const elsewhere: string[] = [];
  for (const { containerPort, protocol, host } of [...ports].sort(comparePorts)) {
    if (host !== undefined && host.port !== containerPort) {
      elsewhere.push(`${joinHostPort(host.ip, host.port)}->${containerPort}/${protocol}`);
      continue;
    }
    const key = host === undefined ? `/${protocol}` : `${host.ip}/${protocol}`;
    const group = groups.get(key);
    if (group !== undefined && containerPort === group.last + 1) {
      group.last = containerPort;
      continue;
    }
    if (group !== undefined) ended.push(formatGroup(key, group.first, group.last));
    groups.set(key, { first: containerPort, last: containerPort });
  }
  const last = [...groups].map(([key, group]) => formatGroup(key, group.first, group.last));
  return [...ended, ...last, ...elsewhere].join(", ");
}

function comparePorts(one: DisplayedPort, other: DisplayedPort): number {
  if (one.containerPort !== other.containerPort) return one.containerPort - other.containerPort;
  const [left, right] = [one.host?.ip ?? "", other.host?.ip ?? ""];
  if (left !== right) return left < right ? -1 : 1;
  const distance = (one.host?.port ?? 0) - (other.host?.port ?? 0);
  return distance === 0 ? (one.protocol < other.protocol ? -1 : 1) : distance;
}

function formatGroup(key: string, first: number, last: number): string {
  const slash = key.lastIndexOf("/");
  const ip = key.slice(0, slash);
  const range = first === last ? String(first) : `${first}-${last}`;
  const shown = ip === "" ? range : `${joinHostPort(ip, range)}->${range}`;
  return shown + key.slice(slash);
}

const joinHostPort = (ip: string, port: number | string): string =>
  ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
