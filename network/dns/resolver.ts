// What a query is answered with: by the zone, from the cache, or by who is asked in turn.

import { AnswerCache } from "./cache.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Handler } from "./listener.ts";
import { CODE, makeFailure, makeResponse, parseQuestion } from "./message.ts";
import type { NamedContainer, Zone } from "./zone.ts";

/** Containers come and go: nobody is to believe for long. */
const TTL_S = 5;
const STREAM_BYTES = 65_535;

/** What the resolver asks of its surroundings, each time. */
export interface Surroundings {
  zone(): Zone;
  /** Looks whether the zone has changed without our having been told; true where it has. */
  refresh(): boolean;
  /** Whom the host asks. */
  servers(): readonly string[];
  /** Whether a network has no way out. */
  isInternal(networkId: string): boolean;
}

/** Who may ask at one place. */
export interface Clientele {
  /** The container that asks from an address; undefined for a stranger and for the host. */
  find(zone: Zone, address: string): NamedContainer | undefined;
  /** Whether it is the host that asks from there. */
  isHost(address: string): boolean;
  /** The networks whose names the host is told. */
  readonly networkIds: readonly string[];
}

/** Those of a network with a bridge: by their addresses, as who comes through it has no other. */
export const clientsOfBridge = (networkId: string, ownAddress: string): Clientele => ({
  find: (zone, address) => zone.clientAt(address),
  isHost: (address) => address === ownAddress,
  networkIds: [networkId],
});

/** A single container, in whose own network namespace it is asked. */
export const clientOfNamespace = (id: string): Clientele => ({
  find: (zone) => zone.clientWithId(id),
  isHost: () => false,
  networkIds: [],
});

/**
 * Makes the handler of one place. Security: containers and the host itself are answered, and nobody who
 * merely has a route to the address, for whom this would be an open resolver.
 */
export function makeResolver(
  clientele: Clientele,
  world: Surroundings,
  forwarder: Forwarder,
  cache: AnswerCache,
): Handler {
  return (query, { address, isStream }, answer) => {
    const question = parseQuestion(query);
    if (question === undefined) {
      // A response is never answered: two servers would go on for ever.
      if (query.length >= 12 && ((query[2] ?? 0) & 0x80) === 0) {
        answer(makeFailure(query, CODE.FORMERR));
      }
      return;
    }
    const isKnown = (): boolean =>
      clientele.isHost(address) || clientele.find(world.zone(), address) !== undefined;
    if (!isKnown()) {
      world.refresh();
      if (!isKnown()) return;
    }
    const limitBytes = isStream ? STREAM_BYTES : question.limitBytes;
    const look = () => {
      const client = clientele.find(world.zone(), address);
      const own = client?.endpoints.map((endpoint) => endpoint.networkId);
      const ids = new Set(own ?? clientele.networkIds);
      return { client, ids, answers: world.zone().find(question.name, question.type, ids) };
    };
    let found = look();
    if (found.answers === undefined && world.refresh()) found = look();
    const { answers, client, ids } = found;
    if (answers !== undefined) {
      const code = CODE.NOERROR;
      answer(makeResponse(query, question, answers, { code, ttlS: TTL_S, limitBytes }));
      return;
    }
    if ([...ids].every((id) => world.isInternal(id))) {
      answer(makeFailure(query, CODE.NXDOMAIN));
      return;
    }
    const own = client?.dns ?? [];
    const servers = own.length > 0 ? own : world.servers();
    const key = AnswerCache.key(query, `${servers.join(",")} ${isStream ? "tcp" : "udp"}`);
    const known = cache.find(key, query, Date.now());
    if (known !== undefined) {
      answer(known);
      return;
    }
    const take = (response: Uint8Array | undefined): void => {
      if (response !== undefined) cache.store(key, response, Date.now());
      answer(response ?? makeFailure(query, CODE.SERVFAIL));
    };
    if (isStream) forwarder.askByStream(query, servers, take);
    else forwarder.ask(query, servers, take);
  };
}
