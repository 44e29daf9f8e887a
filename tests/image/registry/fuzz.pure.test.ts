// A registry whose answers are changed at random: whatever it says, a pull ends in time, in words,
// and keeps nothing of what is wrong.
import { expect, setDefaultTimeout, test } from "bun:test";
import type { IncomingMessage, ServerResponse } from "node:http";
import { FakeRegistry, send } from "./fake-registry.ts";
import { SMALL_LIMITS, World } from "./world.ts";

setDefaultTimeout(120_000);
const ROUNDS = Number(process.env["BUNKER_FUZZ_ROUNDS"] ?? 60);
const LIMITS = { ...SMALL_LIMITS, answerMs: 150, documentMs: 150, windowMs: 80, attempts: 2 };

/** mulberry32: numbers from 0 to below 1, the same row for the same seed. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const STATUSES = [200, 200, 200, 200, 201, 204, 206, 301, 307, 400, 401, 403, 404, 416, 429, 500];
const VALUES = [
  null,
  0,
  -1,
  1e300,
  "",
  "x",
  "sha256:",
  [],
  {},
  true,
  [null],
  { digest: 1 },
  "\0\x1b[2J",
];
const HEADERS: Readonly<Record<string, readonly string[]>> = {
  location: ["/", "//x", "/v2/", "http://[", "file:///etc/passwd", "?", "http://127.0.0.1:1/"],
  "www-authenticate": [
    "Basic",
    "Bearer",
    'Bearer realm="/"',
    'Bearer realm="http://127.0.0.1:1/"',
    '"',
    ",",
  ],
  "content-range": ["bytes 0-1/2", "bytes 1-", "x", "bytes */5", "bytes 0-99999999999999999999/1"],
  "docker-content-digest": ["x", `sha256:${"0".repeat(64)}`, "sha512:00"],
  "retry-after": ["0", "99999999999", "x", "Thu, 01 Jan 1970 00:00:00 GMT"],
  "content-type": ["", "text/html", "application/vnd.oci.image.index.v1+json; charset=x", ";;;"],
  "content-length": ["0", "1", "99999999999"],
};

/** Changes the answers of a registry: about every third of them. */
class Liar {
  readonly #random: () => number;

  constructor(
    seed: number,
    private readonly registry: FakeRegistry,
  ) {
    this.#random = randomNumbers(seed);
  }

  answer(request: IncomingMessage, response: ServerResponse): boolean {
    if (this.#random() > 0.35) return false;
    const body = this.#body(request.url ?? "");
    const headers: Record<string, string> = {};
    for (const [name, values] of Object.entries(HEADERS)) {
      if (this.#random() < 0.25) headers[name] = this.#pick(values);
    }
    if (this.#random() < 0.1) {
      response.destroy();
      return true;
    }
    try {
      send(response, this.#pick(STATUSES), headers, body);
    } catch {
      // Node refuses some of it; then the connection is cut.
      response.destroy();
    }
    // A length that is not kept leaves the client waiting.
    setTimeout(() => response.destroy(), 30);
    return true;
  }

  #pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.#random() * list.length)];
    if (found === undefined) throw new RangeError("an empty list");
    return found;
  }

  #body(url: string): Buffer {
    const known = [...this.registry.manifests.values()].map(({ bytes }) => bytes);
    const all = [...known, ...this.registry.blobs.values()];
    const right = [...this.registry.blobs].find(([digest]) => url.endsWith(digest))?.[1];
    const chosen = right ?? this.#pick(all);
    const way = this.#random();
    if (way < 0.2) return chosen.subarray(0, Math.floor(this.#random() * chosen.length));
    if (way < 0.4) return Buffer.concat([chosen, chosen]);
    if (way < 0.5) return Buffer.from(JSON.stringify(this.#pick(VALUES)));
    if (way < 0.6) return this.#pick(all);
    try {
      return Buffer.from(JSON.stringify(this.#bend(JSON.parse(chosen.toString()))));
    } catch {
      return Buffer.from(chosen.toReversed());
    }
  }

  /** A value with some of its parts replaced. */
  #bend(value: unknown): unknown {
    if (this.#random() < 0.12) return this.#pick(VALUES);
    if (Array.isArray(value)) return value.map((each) => this.#bend(each));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.#bend(each)]));
  }
}

test(`of ${ROUNDS} registries with random answers each is refused in words, or right`, async () => {
  const outcomes = { pulled: 0, refused: 0 };
  for (let seed = 1; seed <= ROUNDS; seed++) {
    await using registry = await FakeRegistry.start();
    using world = new World({ limits: LIMITS });
    registry.addImage("app", "latest", ["one", "two".repeat(3000)]);
    const liar = new Liar(seed, registry);
    registry.hook = (request, response) => liar.answer(request, response);
    const start = performance.now();
    try {
      await world.pull(`${registry.host}/app`);
      outcomes.pulled++;
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      // Anything else is a bug of ours, and shown with its stack.
      if (name !== "UserError" && name !== "RegistryError") throw error;
      expect(`${seed}: ${message}`).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
      outcomes.refused++;
    }
    expect(performance.now() - start).toBeLessThan(15_000);
    expect(world.unfinished).toEqual([]);
    expect(
      world.store
        .check({ repair: false, verify: true })
        .filter(({ what }) => /wrong|damaged/.test(what)),
    ).toEqual([]);
  }
  expect(outcomes.pulled).toBeGreaterThan(0);
  expect(outcomes.refused).toBeGreaterThan(0);
});
