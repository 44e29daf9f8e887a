// The DNS: messages as bytes, who is called what, and answers that are kept.

import { describe, expect, test } from "bun:test";
import { AnswerCache } from "../../network/dns/cache.ts";
import { frameLength, makeFrame } from "../../network/dns/frame.ts";
import type { Forwarder } from "../../network/dns/forwarder.ts";
import {
  CODE,
  codeOf,
  encodeName,
  findTtls,
  isTruncated,
  makeFailure,
  makeResponse,
  parseQuestion,
  TYPE,
} from "../../network/dns/message.ts";
import {
  clientOfNamespace,
  clientsOfBridge,
  makeResolver,
  type Surroundings,
} from "../../network/dns/resolver.ts";
import { type NamedContainer, Zone } from "../../network/dns/zone.ts";
import type { Endpoint } from "../../network/definition.ts";

function makeQuery(name: string, type: number, id = 7): Uint8Array {
  const question = [...encodeName(name), 0, type, 0, 1];
  return Uint8Array.from([id >> 8, id & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...question]);
}

/** Addresses in the order of the answer. */
function addressesOf(response: Uint8Array): string[] {
  const count = ((response[6] ?? 0) << 8) | (response[7] ?? 0);
  const found: string[] = [];
  let at = (parseQuestion(Uint8Array.from(response).fill(1, 2, 3))?.end ?? 0) + 12;
  for (let index = 0; index < count; index++) {
    found.push([...response.subarray(at, at + 4)].join("."));
    at += 16;
  }
  return found;
}

describe("a query", () => {
  test("is read in lower case", () => {
    const question = parseQuestion(makeQuery("Web.APP", TYPE.A));
    expect(question).toEqual({ name: "web.app", type: TYPE.A, end: 25, limitBytes: 512 });
    expect(parseQuestion(makeQuery("", TYPE.A))?.name).toBe("");
  });

  const good = makeQuery("web", TYPE.A);
  const wrong: readonly (readonly [what: string, message: Uint8Array])[] = [
    ["nothing", new Uint8Array()],
    ["half a header", good.subarray(0, 8)],
    ["half a name", good.subarray(0, 14)],
    ["a name without its type", good.subarray(0, good.length - 3)],
    ["a response", good.with(2, 0x81)],
    ["another operation", good.with(2, 0x29)],
    ["two questions", good.with(5, 2)],
    ["a pointer to itself", good.with(12, 0xc0)],
  ];
  for (const [what, message] of wrong) {
    test(`that is ${what} is none`, () => expect(parseQuestion(message)).toBeUndefined());
  }

  test("never makes the reader fail, whatever bytes it is made of", () => {
    let seed = 1;
    const random = () => (seed = (seed * 48271) % 2147483647);
    for (let round = 0; round < 20_000; round++) {
      const bytes = Uint8Array.from({ length: random() % 40 }, () => random());
      parseQuestion(bytes);
      findTtls(bytes);
      if (bytes.length >= 12) makeFailure(bytes, CODE.FORMERR);
    }
  });
});

describe("an answer", () => {
  test("says that something is missing where not all fits", () => {
    const query = makeQuery("web", TYPE.A);
    const question = parseQuestion(query);
    if (question === undefined) throw new Error("no question");
    const answers = Array.from({ length: 60 }, () => ({ type: TYPE.A, data: new Uint8Array(4) }));
    const make = (limitBytes: number) =>
      makeResponse(query, question, answers, { code: CODE.NOERROR, ttlS: 5, limitBytes });
    expect(isTruncated(make(512))).toBe(true);
    expect(make(512).length).toBeLessThanOrEqual(512);
    expect(isTruncated(make(65_535))).toBe(false);
  });

  test("is kept for as long as it says, and grows older meanwhile", () => {
    const query = makeQuery("a.b", TYPE.A, 1);
    const question = parseQuestion(query);
    if (question === undefined) throw new Error("no question");
    const data = Uint8Array.of(9, 9, 9, 9);
    const options = { code: CODE.NOERROR, ttlS: 60, limitBytes: 512 };
    const response = makeResponse(query, question, [{ type: TYPE.A, data }], options);
    const cache = new AnswerCache();
    const again = makeQuery("a.b", TYPE.A, 513);
    const key = AnswerCache.key(again, "server");
    cache.store(AnswerCache.key(query, "server"), response, 1000);
    const kept = cache.find(key, again, 31_000);
    expect([...(kept?.subarray(0, 2) ?? [])]).toEqual([2, 1]);
    const ttl = new DataView(kept?.buffer ?? new ArrayBuffer()).getUint32((kept?.length ?? 0) - 10);
    expect(ttl).toBe(30);
    expect(cache.find(AnswerCache.key(again, "other"), again, 31_000)).toBeUndefined();
    expect(cache.find(key, again, 61_000)).toBeUndefined();
  });

  test("is not kept where the server failed or something is missing", () => {
    const query = makeQuery("a.b", TYPE.A);
    const cache = new AnswerCache();
    cache.store("key", makeFailure(query, CODE.SERVFAIL), 0);
    expect(cache.find("key", query, 1)).toBeUndefined();
  });

  test("has its length before it in a stream", () => {
    const frame = makeFrame(Uint8Array.of(1, 2, 3));
    expect([...frame]).toEqual([0, 3, 1, 2, 3]);
    expect(frameLength(frame)).toBe(3);
    expect(frameLength(frame.subarray(0, 4))).toBeUndefined();
  });
});

function makeContainer(name: string, networkId: string, ip4: string, aliases: string[] = []) {
  const endpoint: Endpoint = {
    network: networkId,
    networkId,
    hostLink: "bk0",
    bridge: "bk",
    name: "eth0",
    mac: "",
    ip4: `${ip4}/24`,
    ip6: "",
    gateway4: "10.0.0.1",
    gateway6: "",
    linkLocal: [],
    aliases,
    mtu: 1500,
    isDefault: true,
  };
  const id = name.padEnd(64, "0");
  return { id, name, endpoints: [endpoint], dns: [] } satisfies NamedContainer;
}

describe("the resolver", () => {
  const zone = new Zone(
    [
      makeContainer("web", "app", "10.0.0.2", ["www"]),
      makeContainer("web2", "app", "10.0.0.3", ["www"]),
      makeContainer("other", "else", "10.1.0.2"),
    ],
    () => true,
  );
  const asked: { name: string; servers: readonly string[] }[] = [];
  const world: Surroundings = {
    zone: () => zone,
    refresh: () => false,
    servers: () => ["9.9.9.9"],
    isInternal: (id) => id === "else",
  };
  const forwarder = {
    ask: (query: Uint8Array, servers: readonly string[], answer: (bytes?: Uint8Array) => void) => {
      asked.push({ name: parseQuestion(query)?.name ?? "", servers });
      answer(undefined);
    },
  } as unknown as Forwarder;

  function resolve(name: string, type: number, address: string, own?: string): Uint8Array {
    let response = new Uint8Array();
    const clients = own === undefined ? clientsOfBridge("app", "10.0.0.1") : clientOfNamespace(own);
    const resolver = makeResolver(clients, world, forwarder, new AnswerCache());
    resolver(
      makeQuery(name, type),
      { address, isStream: false },
      (bytes) => (response = bytes.slice()),
    );
    return response;
  }

  test("knows containers by name, id and alias, with and without their network", () => {
    for (const name of ["web", "WEB", "web.app", "web000000000"]) {
      expect(addressesOf(resolve(name, TYPE.A, "10.0.0.3"))).toEqual(["10.0.0.2"]);
    }
  });

  test("lets addresses of one name take turns", () => {
    const first = addressesOf(resolve("www", TYPE.A, "10.0.0.3"));
    const second = addressesOf(resolve("www", TYPE.A, "10.0.0.3"));
    expect(first.toSorted()).toEqual(["10.0.0.2", "10.0.0.3"]);
    expect(second).toEqual(first.toReversed());
  });

  test("has no IPv6 address for who has none, but knows the name", () => {
    const response = resolve("web", TYPE.AAAA, "10.0.0.3");
    expect([codeOf(response), addressesOf(response)]).toEqual([CODE.NOERROR, []]);
  });

  test("asks others for what it does not know, and nobody for an internal network", () => {
    expect(codeOf(resolve("example.org", TYPE.A, "10.0.0.3"))).toBe(CODE.SERVFAIL);
    expect(asked).toEqual([{ name: "example.org", servers: ["9.9.9.9"] }]);
    expect(codeOf(resolve("example.org", TYPE.A, "10.1.0.2"))).toBe(CODE.NXDOMAIN);
    expect(asked).toHaveLength(1);
  });

  test("answers the host, and no stranger", () => {
    expect(addressesOf(resolve("web", TYPE.A, "10.0.0.1"))).toEqual(["10.0.0.2"]);
    expect(resolve("web", TYPE.A, "192.0.2.9")).toHaveLength(0);
    expect(resolve("example.org", TYPE.A, "192.0.2.9")).toHaveLength(0);
  });

  test("answers a container in its own namespace as whose that is, from whatever address", () => {
    const id = "web000000000".padEnd(64, "0");
    expect(addressesOf(resolve("web", TYPE.A, "127.0.0.1", id))).toEqual(["10.0.0.2"]);
    expect(resolve("web", TYPE.A, "127.0.0.1", "gone")).toHaveLength(0);
  });

  test("tells nobody of a network that it is not in", () => {
    expect(codeOf(resolve("web", TYPE.A, "10.1.0.2"))).toBe(CODE.NXDOMAIN);
    expect(codeOf(resolve("other", TYPE.A, "10.0.0.2"))).toBe(CODE.SERVFAIL);
  });
});
