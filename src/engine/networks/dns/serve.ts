// The DNS of this host's networks: it reads who is in which from the same files as everybody else,
// answers on each network's gateway, and ends when no container is left in any.

import { readdirSync, statSync, watch } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { O } from "../../../../ffi/constants.ts";
import { Fd } from "../../../../ffi/fd.ts";
import {
  isDirectory,
  makeDirectoryTree,
  openFile,
  readTextIfThere,
  removeFile,
  writeText,
} from "../../../../ffi/files.ts";
import { LOCK, tryFlock } from "../../../../ffi/flock.ts";
import type { Endpoint } from "../../../../network/definition.ts";
import { AnswerCache } from "../../../../network/dns/cache.ts";
import { Forwarder } from "../../../../network/dns/forwarder.ts";
import { Listener, type Place } from "../../../../network/dns/listener.ts";
import {
  type Clientele,
  clientOfNamespace,
  clientsOfBridge,
  makeResolver,
  type Surroundings,
} from "../../../../network/dns/resolver.ts";
import { Zone } from "../../../../network/dns/zone.ts";
import { findFirewall } from "../../../../network/firewall.ts";
import { insideNamespace, mustSucceed, startTransaction } from "../../../../network/program.ts";
import { type Attachment, readAttachment } from "../attachments.ts";
import { hasGateway, hasNames, OWN_SERVER, ownServerKey, serverOf } from "../has-names.ts";
import { netnsPath } from "../netns-path.ts";
import { NetworkStore } from "../network-store.ts";
import { forgetReady } from "./start.ts";

const IDLE_MS = 3000;
const LOOK_MS = 1000;
const LOCK_ATTEMPTS = 10;
const LOCK_PAUSE_MS = 20;
const SETTLING_MS = 50;

/** Serves until nobody needs it. Returns the exit code. */
export async function serveDns(): Promise<number> {
  const store = new NetworkStore();
  // Who has started us has made the first. Where it is gone, so is everything that we are there for.
  if (!isDirectory(store.folder("dns/ready"))) return 0;
  makeDirectoryTree(store.folder("attachments"), 0o700);
  using lock = await takeLock(store);
  if (lock === undefined) return 0;
  forgetReady(store);
  const server = new DnsServer(store);
  using watcher = watchFolder(store.folder("attachments"), (name) => {
    // What goes wrong is met again, and told, by the next look.
    server.updateOne(name).catch(() => {});
  });
  void watcher;
  let idleSinceMs = Date.now();
  while (isDirectory(store.folder("attachments"))) {
    await server.update();
    if (server.isNeeded) idleSinceMs = Date.now();
    else if (Date.now() - idleSinceMs > IDLE_MS && (await endIfUnneeded(store, server))) return 0;
    await sleep(LOOK_MS);
  }
  return 0;
}

/** Race: whoever looks whether it runs holds the lock for a moment. */
async function takeLock(store: NetworkStore): Promise<Fd | undefined> {
  const lock = new Fd(openFile(`${store.folder("dns")}/lock`, O.O_RDWR | O.O_CREAT, 0o600));
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    if (tryFlock(lock.number, LOCK.LOCK_EX)) return lock;
    await sleep(LOCK_PAUSE_MS);
  }
  lock[Symbol.dispose]();
  return undefined;
}

/** Race: a container that joins holds the gate until it has seen that the DNS runs. */
async function endIfUnneeded(store: NetworkStore, server: DnsServer): Promise<boolean> {
  const gate = new Fd(openFile(`${store.folder("dns")}/gate`, O.O_RDWR | O.O_CREAT, 0o600));
  if (tryFlock(gate.number, LOCK.LOCK_EX)) {
    await server.update();
    // The process ends with the gate in its hands.
    if (!server.isNeeded) return true;
  }
  gate[Symbol.dispose]();
  return false;
}

/** @param onChange gets the name of the file that has changed, "" where that is not known */
function watchFolder(path: string, onChange: (name: string) => void): Disposable {
  const watcher = watch(path, (_, name) => onChange(name ?? ""));
  watcher.on("error", () => {});
  return { [Symbol.dispose]: () => watcher.close() };
}

/** Where it answers, and whom. */
interface DnsPlace extends Place {
  readonly clientele: Clientele;
}

const DNS_PORT = 53;

const placeAtBridge = ({ networkId, gateway4 }: Endpoint): DnsPlace => ({
  address: gateway4,
  port: DNS_PORT,
  clientele: clientsOfBridge(networkId, gateway4),
  within: (act) => act(),
  onBound: () => {},
});

/**
 * On a port that nobody has asked for, as the container may have a server of its own on all addresses;
 * a rule in its namespace leads there. Both go with the namespace.
 */
function placeInNamespace(id: string): DnsPlace {
  const netns = netnsPath(id);
  return {
    address: OWN_SERVER,
    port: 0,
    clientele: clientOfNamespace(id),
    within: (act) => insideNamespace(netns, act),
    onBound: (ports) => {
      const told = findFirewall().planServer(OWN_SERVER, ports);
      mustSucceed("lead to the DNS", startTransaction(told, netns));
    },
  };
}

const SUFFIX = ".json";

/** Not one that is still being written. */
const isWhole = (name: string): boolean => name.endsWith(SUFFIX);
const idOf = (name: string): string => name.slice(0, -SUFFIX.length);

/** The files of who is in which network, and a listener on each network's address. */
class DnsServer implements Surroundings {
  readonly #attachments = new Map<
    string,
    { readonly version: string; readonly value: Attachment }
  >();
  readonly #listeners = new Map<string, Listener>();
  readonly #forwarder = new Forwarder();
  readonly #cache = new AnswerCache();
  #zone = new Zone([], hasNames);
  #internal = new Set<string>();
  /** Whether the two are to be made of the attachments again: once for many that have changed. */
  #isStale = false;
  #folderVersion = "";
  #resolv = { version: "", servers: [] as readonly string[] };
  #updating: Promise<void> = Promise.resolve();

  constructor(readonly store: NetworkStore) {}

  get isNeeded(): boolean {
    for (const { value } of this.#attachments.values())
      if (value.endpoints.some(hasNames)) return true;
    return false;
  }

  zone(): Zone {
    this.#renew();
    return this.#zone;
  }

  isInternal(networkId: string): boolean {
    this.#renew();
    return this.#internal.has(networkId);
  }

  #renew(): void {
    if (!this.#isStale) return;
    this.#isStale = false;
    const containers = [...this.#attachments.values()].map(({ value }) => value);
    this.#zone = new Zone(containers, hasNames);
    this.#internal = new Set(
      this.store.list().flatMap(({ id, internal }) => (internal ? [id] : [])),
    );
  }

  /** Reads the folder anew where it has changed. */
  refresh(): boolean {
    const folder = this.store.folder("attachments");
    const version = versionOf(folder);
    if (version === this.#folderVersion) return false;
    this.#folderVersion = version;
    const ids = new Set<string>();
    for (const name of readdirSync(folder)) if (isWhole(name)) ids.add(idOf(name));
    for (const id of this.#attachments.keys()) if (!ids.has(id)) this.#attachments.delete(id);
    for (const id of ids) this.#read(id);
    this.#isStale = true;
    return true;
  }

  #read(id: string): void {
    const version = versionOf(`${this.store.folder("attachments")}/${id}${SUFFIX}`);
    if (this.#attachments.get(id)?.version === version) return;
    const value = readAttachment(this.store, id);
    if (value === undefined) this.#attachments.delete(id);
    else this.#attachments.set(id, { version, value });
  }

  /** Reads what has changed, and listens where somebody is. One at a time. */
  update(): Promise<void> {
    this.#updating = this.#updating.then(async () => {
      this.refresh();
      await this.#listen();
    });
    return this.#updating;
  }

  /**
   * The same where one file of the folder has changed. Speed: the others are not looked at, as each
   * container that comes would wait for as many as there are.
   */
  async updateOne(name: string): Promise<void> {
    if (name === "") return this.update();
    if (!isWhole(name)) return;
    this.#updating = this.#updating.then(async () => {
      this.#read(idOf(name));
      this.#isStale = true;
      await this.#listen();
    });
    return this.#updating;
  }

  async #listen(): Promise<void> {
    const wanted = this.#listPlaces();
    for (const [key, listener] of this.#listeners) {
      if (wanted.has(key)) continue;
      removeFile(`${this.store.folder("dns/ready")}/${key}`);
      listener.close();
      this.#listeners.delete(key);
    }
    for (const [key, place] of wanted) {
      if (this.#listeners.has(key)) continue;
      const handler = makeResolver(place.clientele, this, this.#forwarder, this.#cache);
      try {
        const listener = await Listener.open(place, handler);
        this.#listeners.set(key, listener);
        writeText(`${this.store.folder("dns/ready")}/${key}`, "");
      } catch {
        // Its bridge may not be there yet, or not any more: the next look tries again.
      }
    }
  }

  /** By the names that they have in the folder `ready`. */
  #listPlaces(): Map<string, DnsPlace> {
    const places = new Map<string, DnsPlace>();
    for (const { value } of this.#attachments.values()) {
      const { id, endpoints } = value;
      for (const endpoint of endpoints) {
        if (!hasNames(endpoint) || !hasGateway(endpoint)) continue;
        places.set(endpoint.gateway4, placeAtBridge(endpoint));
      }
      const key = serverOf(endpoints) === OWN_SERVER ? ownServerKey(id) : undefined;
      if (key !== undefined) places.set(key, placeInNamespace(id));
    }
    return places;
  }

  servers(): readonly string[] {
    const version = versionOf(RESOLV_CONF);
    if (version !== this.#resolv.version) {
      const lines = (readTextIfThere(RESOLV_CONF) ?? "").split("\n");
      const servers = lines.flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
      this.#resolv = { version, servers };
    }
    return this.#resolv.servers;
  }
}

const RESOLV_CONF = "/etc/resolv.conf";

/** Changes with each change of a file; "" where there is none. */
function versionOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false, bigint: true });
  if (status === undefined) return "";
  // Kernel: times are those of the last tick: what is so young may change without its time's changing.
  const isSettled = Date.now() - Number(status.mtimeMs) > SETTLING_MS;
  return isSettled ? `${status.ino} ${status.mtimeNs}` : `${performance.now()}`;
}
