// Who is called what in which network: the names that the DNS answers itself. Pure.

import { parseAddress, reverseName } from "../address.ts";
import type { Endpoint } from "../definition.ts";
import { type Answer, encodeName, TYPE } from "./message.ts";

/** A container as the DNS knows it. */
export interface NamedContainer {
  readonly id: string;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
  readonly dns: readonly string[];
}

interface Host {
  readonly networkId: string;
  readonly ip4?: Uint8Array;
  readonly ip6?: Uint8Array;
}

const SHORT_ID = 12;

/** All names, made anew whenever a container comes or goes. */
export class Zone {
  readonly #hosts = new Map<string, Host[]>();
  readonly #reverse = new Map<string, { networkId: string; name: string }[]>();
  readonly #byAddress = new Map<string, NamedContainer>();
  readonly #byId = new Map<string, NamedContainer>();
  #turn = 0;

  constructor(containers: readonly NamedContainer[], isNamed: (endpoint: Endpoint) => boolean) {
    for (const container of containers) {
      this.#byId.set(container.id, container);
      for (const endpoint of container.endpoints) {
        for (const ip of [endpoint.ip4, endpoint.ip6]) {
          if (ip !== "") this.#byAddress.set(bare(ip), container);
        }
        if (isNamed(endpoint)) this.#add(container, endpoint);
      }
    }
  }

  #add({ id, name }: NamedContainer, endpoint: Endpoint): void {
    const { network, networkId, aliases, ip4, ip6 } = endpoint;
    const host: Host = {
      networkId,
      ...(ip4 !== "" && { ip4: encodeAddress(ip4) }),
      ...(ip6 !== "" && { ip6: encodeAddress(ip6) }),
    };
    const names = new Set(
      [name, id, id.slice(0, SHORT_ID), ...aliases].map((one) => one.toLowerCase()),
    );
    for (const each of names) {
      push(this.#hosts, each, host);
      push(this.#hosts, `${each}.${network.toLowerCase()}`, host);
    }
    for (const ip of [ip4, ip6]) {
      const address = ip === "" ? undefined : parseAddress(bare(ip));
      if (address === undefined) continue;
      push(this.#reverse, reverseName(address), { networkId, name: `${name}.${network}` });
    }
  }

  /** Who has an address. */
  clientAt(address: string): NamedContainer | undefined {
    return this.#byAddress.get(address);
  }

  /** Who has an id. */
  clientWithId(id: string): NamedContainer | undefined {
    return this.#byId.get(id);
  }

  /**
   * The answers of these networks to a question: none for a name that has no address of the kind;
   * undefined where the name is nobody's. Several addresses take turns in being the first.
   */
  find(name: string, type: number, networkIds: ReadonlySet<string>): Answer[] | undefined {
    const names = this.#reverse.get(name)?.filter((one) => networkIds.has(one.networkId));
    if (names !== undefined && names.length > 0) {
      const isAsked = type === TYPE.PTR || type === TYPE.ANY;
      return isAsked ? names.map((one) => ({ type: TYPE.PTR, data: encodeName(one.name) })) : [];
    }
    const hosts = this.#hosts.get(name)?.filter((host) => networkIds.has(host.networkId));
    if (hosts === undefined || hosts.length === 0) return undefined;
    const answers: Answer[] = [];
    for (const { ip4, ip6 } of hosts) {
      if (ip4 !== undefined && (type === TYPE.A || type === TYPE.ANY)) {
        answers.push({ type: TYPE.A, data: ip4 });
      }
      if (ip6 !== undefined && (type === TYPE.AAAA || type === TYPE.ANY)) {
        answers.push({ type: TYPE.AAAA, data: ip6 });
      }
    }
    if (answers.length < 2) return answers;
    this.#turn += 1;
    const first = this.#turn % answers.length;
    return [...answers.slice(first), ...answers.slice(0, first)];
  }
}

const bare = (ip: string): string => ip.replace(/\/.*/, "");

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function encodeAddress(ip: string): Uint8Array {
  const address = parseAddress(bare(ip));
  const length = address?.family === 6 ? 16 : 4;
  const bytes = new Uint8Array(length);
  let value = address?.value ?? 0n;
  for (let index = length - 1; index >= 0; index--) {
    bytes[index] = Number(value & 0xffn);
    value >>= 8n;
  }
  return bytes;
}
