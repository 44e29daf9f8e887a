// What a query is answered with: by the zone, from the cache, or by who is asked in turn.

import { AnswerCache } from "./cache.ts";
import type { Forwarder } from "./forwarder.ts";
import type { Handler } from "./listener.ts";
import { CODE, makeFailure, makeResponse, parseQuestion } from "./message.ts";
import type { Zone } from "./zone.ts";

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

/**
 * Makes the handler of one network's address. Security: containers and the host itself are answered, and
 * nobody who merely has a route to the address, for whom this would be an open resolver.
 */
export function makeResolver(
  networkId: string,
  ownAddress: string,
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
      address === ownAddress || world.zone().clientAt(address) !== undefined;
    if (!isKnown()) {
      world.refresh();
      if (!isKnown()) return;
    }
    const limitBytes = isStream ? STREAM_BYTES : question.limitBytes;
    const look = () => {
      const client = world.zone().clientAt(address);
      const ids = new Set(client?.endpoints.map((endpoint) => endpoint.networkId) ?? [networkId]);
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
