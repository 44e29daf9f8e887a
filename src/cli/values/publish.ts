// Ports on the command line: `-p [IP:][HOST[-LAST]:]PORT[-LAST][/PROTOCOL]`, `--expose PORT[-LAST][/PROTOCOL]`.
import type { PortOption, PublishOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";

interface Range {
  readonly first: number;
  readonly last: number;
}

/** Whichever is free. */
const ANY: Range = { first: 0, last: 0 };
const PROTOCOLS = ["tcp", "udp", "sctp"] as const;
const LAST_PORT = 65535;

/** Returns the ports that a `-p` publishes: one for each of the container's. */
export function parsePublish(text: string): PublishOption[] {
  const { rest, protocol } = splitProtocol(text);
  const { hostIp, host, container } = splitPublish(rest, text);
  const { first, last } = parseRange(container, "containerPort");
  const { first: hostFirst, last: hostLast } = host === "" ? ANY : parseRange(host, "hostPort");
  const count = last - first + 1;
  if (host !== "" && count !== hostLast - hostFirst + 1 && count > 1) {
    throw new UserError(
      `invalid ranges specified for container and host Ports: ${container} and ${host}`,
    );
  }
  const ports: PublishOption[] = [];
  for (let step = 0; step < count; step++) {
    // One port of the container's and a range of the host's: any that is free.
    const isChoice = count === 1 && hostLast > hostFirst;
    const hostPort = hostFirst === 0 ? 0 : hostFirst + step;
    const hostPortLast = isChoice ? hostLast : hostPort;
    ports.push({ protocol, hostIp, hostPort, hostPortLast, containerPort: first + step });
  }
  return ports;
}

/** Returns the ports of an `--expose`. */
export function parseExpose(text: string): PortOption[] {
  if (text.includes(":")) throw new UserError(`invalid port format for --expose: ${text}`);
  const { rest, protocol } = splitProtocol(text);
  const { first, last } = parseRange(rest, "range format for --expose");
  const ports: PortOption[] = [];
  for (let port = first; port <= last; port++) ports.push({ protocol, port });
  return ports;
}

function splitProtocol(text: string): { rest: string; protocol: PublishOption["protocol"] } {
  const slash = text.indexOf("/");
  if (slash < 0) return { rest: text, protocol: "tcp" };
  const word = text.slice(slash + 1).toLowerCase();
  const protocol = PROTOCOLS.find((known) => known === word);
  if (protocol === undefined) throw new UserError(`invalid proto: ${text.slice(slash + 1)}`);
  return { rest: text.slice(0, slash), protocol };
}

function splitPublish(rest: string, text: string) {
  const last = rest.lastIndexOf(":");
  const container = rest.slice(last + 1);
  if (container === "") throw new UserError(`no port specified: ${text}<empty>`);
  if (last < 0) return { hostIp: "", host: "", container };
  const before = rest.slice(0, last);
  const colon = before.startsWith("[") ? before.indexOf("]:") + 1 : before.lastIndexOf(":");
  if (colon <= 0 && !before.startsWith("[")) return { hostIp: "", host: before, container };
  const address = colon === 0 ? before : before.slice(0, colon);
  const hostIp = address.replace(/^\[(.*)\]$/, "$1");
  if (!isIp(hostIp)) throw new UserError(`invalid IP address: ${hostIp}`);
  return { hostIp, host: colon === 0 ? "" : before.slice(colon + 1), container };
}

/** Whether it looks like an address at all; the engine reads it. */
export function isIp(text: string): boolean {
  if (text.includes(":")) return /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(text);
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
}

// Start-up time: without arrays, as twenty ports are forty of these.
function parseRange(text: string, what: string): Range {
  const dash = text.indexOf("-");
  const first = parsePort(dash < 0 ? text : text.slice(0, dash));
  const last = dash < 0 ? first : parsePort(text.slice(dash + 1));
  if (first < 0 || last < first || last > LAST_PORT || (first === 0 && what !== "hostPort")) {
    throw new UserError(`invalid ${what}: ${text}`, "a port from 1 to 65535, or FIRST-LAST");
  }
  return { first, last };
}

/** -1 for what is none. */
function parsePort(text: string): number {
  const { length } = text;
  if (length === 0 || length > 5) return -1;
  for (let index = 0; index < length; index++) {
    const digit = text.charCodeAt(index);
    if (digit < 0x30 || digit > 0x39) return -1;
  }
  return Number(text);
}
