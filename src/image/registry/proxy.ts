// The proxy for a URL by HTTP_PROXY, HTTPS_PROXY and NO_PROXY, with the rules of Go's net/http, which
// docker and podman follow. They are applied here and not by the runtime's fetch, as that one would
// send what is meant for this machine itself to the proxy, too.
import type { Environment } from "../auth/docker-config.ts";

const VARIABLES = [
  "HTTP_PROXY",
  "http_proxy",
  "HTTPS_PROXY",
  "https_proxy",
  "NO_PROXY",
  "no_proxy",
  "ALL_PROXY",
  "all_proxy",
];

/** The address of the proxy for `url`; undefined where it is to be reached directly. */
export function proxyFor(url: URL, environment: Environment): string | undefined {
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const proxy = environment[name] || environment[name.toLowerCase()];
  if (!proxy || isLoopback(url.hostname)) return undefined;
  if (isExcluded(url, environment["NO_PROXY"] || environment["no_proxy"] || "")) return undefined;
  return proxy.includes("://") ? proxy : `http://${proxy}`;
}

/** Whether a host is this machine itself. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.toLowerCase();
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function isExcluded(url: URL, list: string): boolean {
  const rules = list.toLowerCase().split(",");
  return rules.some((rule) => matchesRule(url, rule.trim()));
}

/** `*`, `host`, `.domain`, `host:port`, an address, a range of addresses in CIDR notation. */
function matchesRule(url: URL, rule: string): boolean {
  if (rule === "") return false;
  if (rule === "*") return true;
  if (rule.includes("/")) return isInRange(url.hostname, rule);
  const [, host = "", port] = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(rule) ?? [];
  if (port !== undefined && port !== (url.port || defaultPort(url))) return false;
  const hostname = url.hostname.toLowerCase();
  const wanted = host.replace(/^\*?\./, "");
  if (wanted === "") return false;
  if (hostname === wanted) return !host.startsWith(".");
  return hostname.endsWith(`.${wanted}`);
}

const defaultPort = (url: URL): string => (url.protocol === "https:" ? "443" : "80");

/** IPv4 only: the ranges that are written into NO_PROXY. */
function isInRange(hostname: string, rule: string): boolean {
  const [base = "", bits = ""] = rule.split("/");
  const [address, network] = [parseAddress(hostname), parseAddress(base)];
  if (address === undefined || network === undefined || !/^\d{1,2}$/.test(bits)) return false;
  const size = 2 ** (32 - Number(bits));
  return Math.floor(address / size) === Math.floor(network / size);
}

function parseAddress(text: string): number | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  return text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/**
 * The result of `call`, during which the runtime does not see the proxy variables. They are read
 * when a request is made, not later.
 */
export function withoutProxyVariables<T>(call: () => T): T {
  const saved = VARIABLES.map((name) => [name, process.env[name]] as const);
  const set = saved.filter(([, value]) => value !== undefined);
  for (const [name] of set) delete process.env[name];
  try {
    return call();
  } finally {
    for (const [name, value] of set) process.env[name] = value;
  }
}
