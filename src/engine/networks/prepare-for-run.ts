// The network of a container that `run` makes: what the options say, as prepareNetwork wants it.

import { readTextIfThere, writeText } from "../../../ffi/files.ts";
import { missingProgram, type WaitingProgram } from "../../../network/program.ts";
import { UnavailableError } from "../../../network/unavailable.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import type { EtcFile, Prepared } from "../prepare.ts";
import type { NetworkingOptions, RunOptions } from "../run-options.ts";
import type { Reservation } from "../state-store.ts";
import { type Identity, type PendingNetwork, prepareNetwork } from "./attach.ts";
import { describeLack, hasUsual, withoutUsual } from "./usual-network.ts";

/** The container's network, and what was prepared with its files in /etc. */
export async function prepareForRun(
  options: RunOptions,
  prepared: Prepared,
  place: Pick<Reservation, "folder" | "id" | "name">,
  undo: UndoStack,
  ahead: WaitingProgram | undefined,
): Promise<{ readonly prepared: Prepared; readonly network: PendingNetwork }> {
  // With the ports that the image exposes, where there is one.
  const { networking: asked, network: mode } = prepared.storage?.options ?? options;
  if (asked === undefined) throw new Error("no network was asked for");
  const identity: Identity = {
    id: place.id,
    name: place.name,
    hostname: hostNames(options, prepared),
  };
  const base = mode.kind === "host" ? readTextIfThere("/etc/hosts") : undefined;
  const { networking, network, lack } = await reserve(identity, asked, base, ahead);
  if (networking.networks.length > 0) undo.push(() => network.tearDown());
  network.onAddress = (line) => {
    const path = `${place.folder}/hosts`;
    writeText(path, (readTextIfThere(path) ?? "") + line);
  };
  const { hosts, resolvConf } = network.state;
  const withLocal = networking.networks.length > 0 || base !== undefined;
  const files: EtcFile[] = prepared.etcFiles.map((file) => {
    if (file.name === "resolv.conf") return { ...file, text: resolvConf };
    if (file.name !== "hosts") return file;
    // Without a link of its own the container's name leads to its loopback.
    return { ...file, text: withLocal ? hosts : file.text + addedLines(networking.addHosts) };
  });
  const warnings = lack === undefined ? [] : [describeLack(lack)];
  return {
    network,
    prepared: { ...prepared, etcFiles: files, warnings: [...prepared.warnings, ...warnings] },
  };
}

/** Without the usual network, where that cannot be had. */
async function reserve(
  identity: Identity,
  networking: NetworkingOptions,
  base: string | undefined,
  ahead: WaitingProgram | undefined,
): Promise<{
  readonly networking: NetworkingOptions;
  readonly network: PendingNetwork;
  readonly lack?: UnavailableError;
}> {
  const isUsual = hasUsual(networking);
  try {
    if (isUsual && ahead === undefined) throw missingProgram("ip");
    return { networking, network: await prepareNetwork(identity, networking, base, ahead) };
  } catch (error) {
    if (!isUsual || !(error instanceof UnavailableError)) throw error;
    ahead?.drop();
    const left = withoutUsual(networking);
    const network = await prepareNetwork(identity, left, base, undefined);
    return { networking: left, network, lack: error };
  }
}

const addedLines = (
  entries: readonly { readonly name: string; readonly address: string }[],
): string => entries.map(({ name, address }) => `${address}\t${name}\n`).join("");

/** The domain's name first, as hosts(5) has it. */
export function hostNames({ domainname }: RunOptions, { spec }: Prepared): string {
  const name = spec.hostname ?? "";
  return domainname === undefined || domainname === "" ? name : `${name}.${domainname} ${name}`;
}
