// Answers of other servers, as long as they say that they hold. A query that is the same to the byte,
// but for its id, gets the same answer with what is left of its time. RFC 1035, 7.4; RFC 2308

import { CODE, codeOf, findTtls, isTruncated } from "./message.ts";

interface Entry {
  readonly response: Uint8Array;
  readonly ttls: readonly number[];
  readonly storedMs: number;
  readonly untilMs: number;
}

const MOST_ENTRIES = 4096;
const LONGEST_S = 3600;

export class AnswerCache {
  readonly #entries = new Map<string, Entry>();

  /** @param scope what the answer depends on besides: the servers that are asked */
  static key(query: Uint8Array, scope: string): string {
    return `${scope} ${String.fromCharCode(...query.subarray(2))}`;
  }

  find(key: string, query: Uint8Array, nowMs: number): Uint8Array | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (nowMs >= entry.untilMs) {
      this.#entries.delete(key);
      return undefined;
    }
    const response = entry.response.slice();
    response.set(query.subarray(0, 2));
    const view = new DataView(response.buffer);
    const age = Math.floor((nowMs - entry.storedMs) / 1000);
    for (const at of entry.ttls) view.setUint32(at, Math.max(0, view.getUint32(at) - age));
    return response;
  }

  store(key: string, response: Uint8Array, nowMs: number): void {
    const code = codeOf(response);
    if (isTruncated(response) || (code !== CODE.NOERROR && code !== CODE.NXDOMAIN)) return;
    const ttls = findTtls(response);
    if (ttls === undefined || ttls.length === 0) return;
    const view = new DataView(response.buffer, response.byteOffset, response.byteLength);
    const leastS = Math.min(LONGEST_S, ...ttls.map((at) => view.getUint32(at)));
    if (leastS === 0) return;
    // The oldest go first: a map keeps its order.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size < MOST_ENTRIES) break;
      this.#entries.delete(oldest);
    }
    const untilMs = nowMs + leastS * 1000;
    this.#entries.set(key, { response: response.slice(), ttls, storedMs: nowMs, untilMs });
  }
}
