// CNI, the network plugins of Kubernetes: which configuration has a name, what a plugin is asked, and
// what it answers. Pure. CNI specification 1.0.0

/** A plugin's configuration as its file has it. */
export interface CniPlugin {
  readonly type: string;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

/** A network of /etc/cni/net.d. */
export interface CniNetwork {
  readonly name: string;
  readonly cniVersion: string;
  readonly plugins: readonly CniPlugin[];
}

/** What a plugin has made. */
export interface CniResult {
  readonly cniVersion?: string;
  readonly ips?: readonly { readonly address: string; readonly gateway?: string }[];
  readonly [key: string]: unknown;
}

export interface CniPortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
  readonly hostIP?: string;
}

const OLDEST = "0.2.0";

/** The network in a `.conflist`, or in a `.conf` that has one plugin; undefined for what is neither. */
export function parseCniNetwork(text: string): CniNetwork | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || typeof value["name"] !== "string") return undefined;
  const { name, cniVersion = OLDEST, plugins } = value;
  const list: readonly unknown[] = Array.isArray(plugins) ? plugins : [value];
  const known = list.filter(isPlugin);
  if (known.length === 0 || known.length < list.length || typeof cniVersion !== "string") {
    return undefined;
  }
  return { name, cniVersion, plugins: known };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

// Security: the type becomes a file name.
const isPlugin = (value: unknown): value is CniPlugin =>
  isRecord(value) && typeof value["type"] === "string" && /^[\w.-]+$/.test(value["type"]);

/** What a plugin reads on its stdin. */
export function makeCniRequest(
  { name, cniVersion }: CniNetwork,
  { capabilities, ...plugin }: CniPlugin,
  ports: readonly CniPortMapping[],
  previous: CniResult | undefined,
): string {
  const wantsPorts = capabilities?.["portMappings"] === true && ports.length > 0;
  return JSON.stringify({
    ...plugin,
    name,
    cniVersion,
    ...(previous !== undefined && { prevResult: previous }),
    ...(wantsPorts && { runtimeConfig: { portMappings: ports } }),
  });
}

/** The variables that tell a plugin what to do. */
export function makeCniEnvironment(
  command: "ADD" | "DEL",
  { id, netns, link, path }: { id: string; netns: string; link: string; path: string },
): string[] {
  return [
    `CNI_COMMAND=${command}`,
    `CNI_CONTAINERID=${id}`,
    `CNI_NETNS=${netns}`,
    `CNI_IFNAME=${link}`,
    `CNI_PATH=${path}`,
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  ];
}

/** Why a plugin has failed, in its own words. */
export function parseCniError(stdout: string, stderr: string): string {
  try {
    const { msg, details }: { msg?: string; details?: string } = JSON.parse(stdout);
    if (msg !== undefined) return details ? `${msg}: ${details}` : msg;
  } catch {
    // It did not come to an answer.
  }
  return stderr.trim().split("\n").at(-1) || "no reason was given";
}
