// The networks that there are, and the lock that keeps one from going while a container joins it.
//
//   DATA/networks/NAME.json      a network: what it is, kept over a reboot
//   RUN/networks/lock            flock: shared while a container takes its addresses, else exclusive
//   RUN/networks/addresses/NETWORK/ADDRESS   a symlink that says which container has it
//   RUN/networks/ports/tcp-8080-             the same of a port of the host
//   RUN/networks/bound-ports/tcp-8080-IP     and of one on a single address
//   RUN/networks/attachments/ID.json         what a container has: see attachments.ts
//   RUN/netns/ID                             its network namespace
//
// Reserving is making a symlink, which only one can; whose container is gone is taken by the sweep.

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  listDirectory,
  makeDirectoryTree,
  openFile,
  readTextIfThere,
  removeFile,
  renameFile,
  writeText,
} from "../../../ffi/files.ts";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { DEFAULT_NETWORK, type NetworkDefinition } from "../../../network/definition.ts";
import { UserError } from "../../errors.ts";
import { dataFolder } from "../data-folder.ts";
import { runFolder } from "../run-folder.ts";

export { DEFAULT_NETWORK };
/** Its bridge. */
export const DEFAULT_LINK = "bunker0";

const OTHER_NAMES = ["default", DEFAULT_LINK];

export class NetworkStore {
  readonly #definitions: string;
  readonly #run: string;

  constructor(data = dataFolder(process.env), run = runFolder(process.env)) {
    this.#definitions = `${data}/networks`;
    this.#run = `${run}/networks`;
  }

  /** Where a kind of reservation is: `addresses/NAME`, `ports`, `attachments`, `dns`. */
  folder(kind: string): string {
    return `${this.#run}/${kind}`;
  }

  lock(operation: "shared" | "exclusive"): Fd {
    const path = `${this.#run}/lock`;
    const lock = new Fd(this.#openLock(path));
    flock(lock.number, operation === "shared" ? LOCK.LOCK_SH : LOCK.LOCK_EX, path);
    return lock;
  }

  #openLock(path: string): number {
    try {
      return openFile(path, O.O_RDWR | O.O_CREAT, 0o600);
    } catch (error) {
      if (!isSyscallError(error, "ENOENT")) throw error;
      makeDirectoryTree(this.#run, 0o711);
      return openFile(path, O.O_RDWR | O.O_CREAT, 0o600);
    }
  }

  /** A network by its name alone. */
  read(name: string): NetworkDefinition | undefined {
    const known = OTHER_NAMES.includes(name) ? DEFAULT_NETWORK : name;
    const text = readTextIfThere(`${this.#definitions}/${known}.json`);
    return text === undefined ? undefined : parseDefinition(text);
  }

  /** All of them by name. */
  list(): NetworkDefinition[] {
    const found: NetworkDefinition[] = [];
    for (const { name } of listDirectory(this.#definitions) ?? []) {
      if (!name.endsWith(".json")) continue;
      const network = this.read(name.slice(0, -".json".length));
      if (network !== undefined) found.push(network);
    }
    return found.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** A network by its name, its id, or the beginning of that. @throws UserError for several */
  find(text: string): NetworkDefinition | undefined {
    const named = text.includes("/") ? undefined : this.read(text);
    if (named !== undefined || text === "") return named;
    const found = this.list().filter(({ id }) => id.startsWith(text));
    if (found.length <= 1) return found[0];
    throw new UserError(`several networks have ids with "${text}" first`, undefined, 1);
  }

  write(network: NetworkDefinition): void {
    const path = `${this.#definitions}/${network.name}.json`;
    makeDirectoryTree(this.#definitions, 0o711);
    // Race: whoever reads meanwhile, or is killed, has the old one or the new one.
    writeText(`${path}.${process.pid}`, `${JSON.stringify(network)}\n`, { mode: 0o600 });
    renameFile(`${path}.${process.pid}`, path);
  }

  remove({ name }: NetworkDefinition): void {
    removeFile(`${this.#definitions}/${name}.json`);
  }
}

/** The files are ours alone: what is no JSON was never finished. */
function parseDefinition(text: string): NetworkDefinition | undefined {
  try {
    const network: NetworkDefinition = JSON.parse(text);
    return network;
  } catch {
    return undefined;
  }
}
