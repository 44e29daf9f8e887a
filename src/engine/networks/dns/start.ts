// Starts the DNS where it does not run, and waits until it answers in a network. Every command that
// puts a container into a network does so; one that was killed is there again a second later.
//
//   RUN/networks/dns/lock       flock, exclusive: the DNS runs
//   RUN/networks/dns/gate       flock: shared while a container joins, exclusive when the DNS ends
//   RUN/networks/dns/ready/KEY  it answers there: an address, or a container's namespace

import { O } from "../../../../ffi/constants.ts";
import { Fd } from "../../../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectoryTree,
  openFile,
  removeFile,
} from "../../../../ffi/files.ts";
import { flock, LOCK, tryFlock } from "../../../../ffi/flock.ts";
import { poll } from "../../../../ffi/poll.ts";
import { ROOT_TASKS } from "../../../container/root-cgroup.ts";
import { UserError } from "../../../errors.ts";
import { ownCommand, startInBackground } from "../../background.ts";
import type { NetworkStore } from "../network-store.ts";
import { DNS_COMMAND } from "./command.ts";

/** Out of the cgroup of whoever has started it: other containers ask it, too. */
const LEAVE = ROOT_TASKS.map((path) => `echo 0 >${path}`).join(" || ");
/** One that finds another at work ends with 0 as well. Not for ever, should it be of no use. */
const KEEPER = `{ ${LEAVE}; } 2>/dev/null
left=100; until "$0" "$@" || [ ! -x "$0" ] || [ $left = 0 ]; do left=$((left - 1)); sleep 1; done`;
const STARTING_MS = 5000;
const STEP_MS = 2;

const openLock = (store: NetworkStore, name: string): Fd =>
  new Fd(openFile(`${store.folder("dns")}/${name}`, O.O_RDWR | O.O_CREAT, 0o600));

/** Held from before a container is written down until the DNS is known to run. */
export function holdGate(store: NetworkStore): Fd {
  makeDirectoryTree(store.folder("dns/ready"), 0o700);
  const gate = openLock(store, "gate");
  flock(gate.number, LOCK.LOCK_SH);
  return gate;
}

/** Starts it unless it runs; whether it did. */
export function startDns(store: NetworkStore): boolean {
  {
    using lock = openLock(store, "lock");
    if (!tryFlock(lock.number, LOCK.LOCK_EX)) return false;
    // Race: what one that was killed has left says that it answers. Nobody can run as we have the lock.
    forgetReady(store);
  }
  const { args, env } = ownCommand(DNS_COMMAND);
  // With somebody who waits for its end and starts it again where that was not its own wish.
  startInBackground({ path: "/bin/sh", args: ["sh", "-c", KEEPER, ...args], env });
  return true;
}

/** Nobody answers anywhere. */
export function forgetReady(store: NetworkStore): void {
  const folder = store.folder("dns/ready");
  for (const { name } of listDirectory(folder) ?? []) removeFile(`${folder}/${name}`);
}

/**
 * Waits until it answers somewhere. @param where a name of the folder `ready`
 * @throws UserError where it does not come to that
 */
export function waitForDns(store: NetworkStore, where: string | undefined): void {
  const path = `${store.folder("dns/ready")}/${where ?? ""}`;
  for (let waitedMs = 0; waitedMs < STARTING_MS; waitedMs += STEP_MS) {
    // Race: one that is being killed held its lock when we looked whether it runs.
    if (fileType(path) !== 0 && !startDns(store)) return;
    poll([], STEP_MS);
  }
  throw new UserError(
    `the DNS of networks does not answer at ${where ?? "this container's loopback"}`,
    "another server may have port 53 of all addresses: ss -ulpn 'sport = 53' shows it",
  );
}
