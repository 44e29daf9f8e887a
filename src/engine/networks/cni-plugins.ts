// Runs the plugins of a CNI network: `--network cni:NAME`.

import { fileType, listDirectory, readTextIfThere } from "../../../ffi/files.ts";
import {
  type CniNetwork,
  type CniPlugin,
  type CniResult,
  makeCniEnvironment,
  makeCniRequest,
  parseCniError,
  parseCniNetwork,
} from "../../../network/cni.ts";
import type { PortMapping } from "../../../network/definition.ts";
import { startProcess } from "../../../network/program.ts";
import { UserError } from "../../errors.ts";
import type { CniAttachment } from "./attachments.ts";
import { netnsPath } from "./netns-path.ts";

export const CNI_PREFIX = "cni:";

const CONFIGURATIONS = "/etc/cni/net.d";
/** Where Kubernetes has them, and where Debian does. */
const PLUGINS = ["/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni"];

/** The first file in the order of their names that has the network. @throws UserError for none */
function findCniNetwork(name: string): CniNetwork {
  const folder = process.env["NETCONFPATH"] ?? CONFIGURATIONS;
  const files = (listDirectory(folder) ?? []).map((entry) => entry.name).sort();
  for (const file of files) {
    if (!/\.(conf|conflist|json)$/.test(file)) continue;
    const network = parseCniNetwork(readTextIfThere(`${folder}/${file}`) ?? "");
    if (network?.name === name) return network;
  }
  throw new UserError(`no CNI network "${name}" in ${folder}`, 'its file has it as "name"');
}

function findPlugin({ type }: CniPlugin): { path: string; folders: string } {
  const folders = process.env["CNI_PATH"]?.split(":") ?? PLUGINS;
  for (const folder of folders) {
    if (fileType(`${folder}/${type}`) !== 0) {
      return { path: `${folder}/${type}`, folders: folders.join(":") };
    }
  }
  throw new UserError(
    `CNI plugin "${type}" is not installed: looked in ${folders.join(", ")}`,
    "install the package that has it: containernetworking-plugins",
  );
}

function perform(
  command: "ADD" | "DEL",
  id: string,
  plugin: CniPlugin,
  attachment: CniAttachment,
  previous: CniResult | undefined,
): string {
  const { path, folders } = findPlugin(plugin);
  const { network, link, ports } = attachment;
  const env = makeCniEnvironment(command, { id, netns: netnsPath(id), link, path: folders });
  const mappings = ports.map(({ hostPort, containerPort, protocol, hostIp }) => ({
    hostPort,
    containerPort,
    protocol,
    ...(hostIp !== "" && { hostIP: hostIp }),
  }));
  const input = makeCniRequest(network, plugin, mappings, previous);
  const { status, stdout, stderr } = startProcess(path, [plugin.type], env, input).finish();
  if (status === 0) return stdout;
  throw new UserError(
    `CNI plugin "${plugin.type}" of network "${network.name}": ${parseCniError(stdout, stderr)}`,
  );
}

/** Runs the plugins one after the other. Returns what they have made. @throws UserError */
export function addCni(id: string, attachment: CniAttachment): CniResult {
  let result: CniResult | undefined;
  for (const plugin of attachment.network.plugins) {
    const answer: CniResult = JSON.parse(perform("ADD", id, plugin, attachment, result));
    result = answer;
  }
  return result ?? {};
}

/**
 * Runs them backwards; one that fails does not stop the rest. @throws the first failure, unless the
 * network was never made: then there may be nothing to take away, or nobody who could.
 */
export function removeCni(id: string, attachment: CniAttachment): void {
  let failure: unknown;
  for (const plugin of attachment.network.plugins.toReversed()) {
    try {
      perform("DEL", id, plugin, attachment, attachment.result);
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined && attachment.result !== undefined) throw failure;
}

/** What is to be done, written down before it is. */
export function planCni(
  names: readonly string[],
  ports: readonly PortMapping[],
  firstLink: number,
): CniAttachment[] {
  return names.map((name, index) => ({
    network: findCniNetwork(name.slice(CNI_PREFIX.length)),
    link: `eth${firstLink + index}`,
    ports: index === 0 ? ports : [],
  }));
}
