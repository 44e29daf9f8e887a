// Pulling from a registry that does as it should, and from ones that do not.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { MEDIA_TYPE } from "../../../src/image/types.ts";
import { digestOf, FakeRegistry, refuse, send } from "./fake-registry.ts";
import { failureOf, SMALL_LIMITS, World } from "./world.ts";

let registry: FakeRegistry;
let world: World;
beforeEach(async () => {
  registry = await FakeRegistry.start();
  world = new World();
});
afterEach(async () => {
  world[Symbol.dispose]();
  await registry[Symbol.asyncDispose]();
});

const LAYER = Buffer.from("layer ".repeat(20_000));
const name = (rest: string): string => `${registry.host}/${rest}`;

describe("a pull", () => {
  test("brings the image with its layers, each once, and gives it its name", async () => {
    const { manifest, layers } = registry.addImage("team/app", "v1", [
      LAYER,
      "two",
      LAYER,
      "three",
    ]);
    const pulled = await world.pull(name("team/app:v1"));
    expect(pulled).toMatchObject({ name: name("team/app:v1"), isNew: true });
    expect(pulled.manifest.digest).toBe(manifest.digest);
    expect(world.store.references().get(name("team/app:v1"))?.digest).toBe(manifest.digest);
    for (const { digest } of layers) expect(world.store.hasBlob(digest)).toBe(true);
    const blobs = registry.lines.filter((line) => line.includes("/blobs/"));
    expect(blobs).toHaveLength(4);
    expect(new Set(blobs).size).toBe(4);
    expect(world.unfinished).toEqual([]);
  });

  test("of an image that is there costs one request", async () => {
    registry.addImage("app", "latest", [LAYER]);
    await world.pull(name("app"));
    registry.seen.length = 0;
    expect((await world.pull(name("app"))).isNew).toBe(false);
    expect(registry.lines).toEqual(["HEAD /v2/app/manifests/latest"]);
  });

  test("by a digest that is there costs none", async () => {
    const { manifest } = registry.addImage("app", "latest", [LAYER]);
    await world.pull(name(`app@${manifest.digest}`));
    registry.seen.length = 0;
    expect((await world.pull(name(`app@${manifest.digest}`))).isNew).toBe(false);
    expect(registry.lines).toEqual([]);
  });

  test("of a tag that has moved brings only what is new", async () => {
    registry.addImage("app", "latest", [LAYER, "old"]);
    await world.pull(name("app"));
    const { manifest } = registry.addImage("app", "latest", [LAYER, "new"]);
    registry.seen.length = 0;
    const pulled = await world.pull(name("app"));
    expect(pulled).toMatchObject({ isNew: true, manifest: { digest: manifest.digest } });
    const blobs = registry.lines.filter((line) => line.includes("/blobs/"));
    expect(blobs.map((line) => line.split("/").at(-1))).toEqual([digestOf("new")]);
  });

  test("of several platforms brings the wanted one, and costs one request the next time", async () => {
    const [amd64, arm64] = ["amd64", "arm64"].map((tag) => registry.addImage("app", tag, [tag]));
    const manifests = [
      { ...amd64!.manifest, platform: { os: "linux", architecture: "amd64" } },
      { ...arm64!.manifest, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
    ];
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
    const top = registry.addManifest("app", "latest", index);
    const here = { platform: undefined };
    const pulled = await world.pull(name("app"), here);
    expect(pulled.top.digest).toBe(top.digest);
    registry.seen.length = 0;
    await world.pull(name("app"), here);
    expect(registry.lines).toEqual(["HEAD /v2/app/manifests/latest"]);
    const other = process.arch === "arm64" ? amd64 : arm64;
    const architecture = process.arch === "arm64" ? "amd64" : "arm64";
    const foreign = await world.pull(name("app"), { platform: { os: "linux", architecture } });
    expect(foreign.manifest.digest).toBe(other!.manifest.digest);
    expect(
      await failureOf(world.pull(name("app"), { platform: { os: "plan9", architecture } })),
    ).toBe(`no image for platform plan9/${architecture} in ${name("app:latest")}`);
  });

  test("takes docker's schema 2 as well", async () => {
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.dockerManifest,
      config: registry.addBlob(
        '{"rootfs":{"type":"layers","diff_ids":[]}}',
        MEDIA_TYPE.dockerConfig,
      ),
      layers: [registry.addBlob("layer", MEDIA_TYPE.dockerLayerGzip)],
    };
    const { digest } = registry.addManifest("app", "latest", document);
    expect((await world.pull(name("app"))).manifest.digest).toBe(digest);
  });

  test("tells what each layer is about", async () => {
    registry.addImage("team/app", "latest", [LAYER]);
    await world.pull(name("team/app"));
    expect(world.messages).toEqual(["latest: Pulling from team/app"]);
    const phases = world.blobs.map(({ phase }) => phase);
    expect([...new Set(phases)]).toEqual(["waiting", "downloading", "verifying", "unpacking"]);
    expect(world.blobs.findLast(({ phase }) => phase === "downloading")).toMatchObject({
      doneBytes: LAYER.length,
      totalBytes: LAYER.length,
    });
  });

  test("of what is not there says so in docker's words", async () => {
    expect(await failureOf(world.pull(name("nope:x")))).toBe(
      `manifest for ${name("nope:x")} not found: registry "${registry.host}" refused ` +
        "GET /v2/nope/manifests/x: 404 not found: manifest unknown",
    );
  });

  test("of something that is no image is refused", async () => {
    registry.addManifest("chart", "latest", {
      schemaVersion: 2,
      config: registry.addBlob("{}", "application/vnd.cncf.helm.config.v1+json"),
      layers: [],
    });
    expect(await failureOf(world.pull(name("chart")))).toContain("is no container image");
  });

  test("can be ended at any moment", async () => {
    registry.addImage("app", "latest", [LAYER]);
    registry.hook = ({ url }, response) => {
      if (!url?.endsWith(digestOf(LAYER))) return false;
      response.writeHead(200, { "content-length": LAYER.length });
      response.write("layer ");
      return true;
    };
    const controller = new AbortController();
    const work = world.pull(name("app"), { signal: controller.signal });
    await Bun.sleep(50);
    controller.abort(new Error("interrupted"));
    expect(await failureOf(work)).toContain("interrupted");
    expect(world.unfinished).toEqual([]);
  });
});

/** Sends a part of the body that was promised, and cuts the connection. */
function cutAfter(response: ServerResponse, body: Buffer, from: number, bytes: number): true {
  const rest = body.subarray(from);
  response.writeHead(from === 0 ? 200 : 206, {
    "content-length": rest.length,
    ...(from > 0 && { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` }),
  });
  response.write(rest.subarray(0, bytes), () => setTimeout(() => response.destroy(), 5));
  return true;
}

const startOf = (range: string | undefined): number => Number(/\d+/.exec(range ?? "")?.[0] ?? 0);

describe("a registry in trouble", () => {
  test("that cuts the stream is gone on with where it was cut", async () => {
    registry.addImage("app", "latest", [LAYER]);
    registry.hook = ({ url, headers }, response) => {
      if (!url?.endsWith(digestOf(LAYER))) return false;
      const from = startOf(headers.range);
      return LAYER.length - from > 40_000 && cutAfter(response, LAYER, from, 30_000);
    };
    await world.pull(name("app"));
    const ranges = registry.seen.flatMap(({ range }) => range ?? []);
    expect(ranges.length).toBeGreaterThanOrEqual(2);
    const starts = ranges.map(startOf);
    expect(starts).toEqual(starts.toSorted((a, b) => a - b));
    expect(world.store.readBlob(digestOf(LAYER), 1e6)).toEqual(new Uint8Array(LAYER));
    expect(world.blobs.some(({ phase }) => phase === "retrying")).toBe(true);
  });

  test("that knows no ranges is read from the beginning again", async () => {
    registry.addImage("app", "latest", [LAYER]);
    let count = 0;
    registry.hook = ({ url }, response) => {
      if (!url?.endsWith(digestOf(LAYER))) return false;
      if (count++ === 0) return cutAfter(response, LAYER, 0, 30_000);
      send(response, 200, {}, LAYER);
      return true;
    };
    await world.pull(name("app"));
    expect(world.store.readBlob(digestOf(LAYER), 1e6)).toEqual(new Uint8Array(LAYER));
  });

  test("that is busy is asked again", async () => {
    registry.addImage("app", "latest", ["x"]);
    const statuses = [503, 429, 500];
    registry.hook = (_, response) => {
      const status = statuses.shift();
      if (status === undefined) return false;
      send(response, status, { "retry-after": "0" });
      return true;
    };
    await world.pull(name("app"), { limits: { ...SMALL_LIMITS, attempts: 4 } });
    expect(registry.lines.slice(0, 4)).toEqual(Array(4).fill("GET /v2/app/manifests/latest"));
  });

  test("that stays busy is given up, with what it says", async () => {
    registry.hook = (_, response) => {
      refuse(response, 429, "TOOMANYREQUESTS", "You have reached your pull rate limit.");
      return true;
    };
    expect(await failureOf(world.pull(name("app")))).toBe(
      `registry "${registry.host}" refused GET /v2/app/manifests/latest: ` +
        "429 too many requests: toomanyrequests: You have reached your pull rate limit.",
    );
    expect(registry.seen).toHaveLength(3);
  });

  test("that asks to wait too long is given up at once", async () => {
    registry.hook = (_, response) => {
      send(response, 429, { "retry-after": "3600" });
      return true;
    };
    await failureOf(world.pull(name("app")));
    expect(registry.seen).toHaveLength(1);
  });

  test("that is not there is named", async () => {
    await registry[Symbol.asyncDispose]();
    const message = await failureOf(world.pull("127.0.0.1:1/app"));
    expect(message).toBe('cannot reach registry "127.0.0.1:1": connection refused');
    registry = await FakeRegistry.start();
  });

  test("that never answers is given up", async () => {
    registry.hook = () => true;
    const message = await failureOf(
      world.pull(name("app"), { limits: { ...SMALL_LIMITS, attempts: 1 } }),
    );
    expect(message).toBe(`cannot reach registry "${registry.host}": no answer within 0.5 s`);
  });
});

describe("a lying registry", () => {
  /** Answers for the layer in another way. */
  function lieAboutLayer(lie: (response: ServerResponse) => void): void {
    registry.addImage("app", "latest", [LAYER]);
    registry.hook = ({ url }, response) => {
      if (!url?.endsWith(digestOf(LAYER))) return false;
      lie(response);
      return true;
    };
  }

  async function mustBeRefused(pattern: RegExp): Promise<void> {
    const start = performance.now();
    expect(await failureOf(world.pull(name("app")))).toMatch(pattern);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(world.unfinished).toEqual([]);
    expect(world.store.hasBlob(digestOf(LAYER))).toBe(false);
    expect(world.store.references().size).toBe(0);
  }

  test("with a layer of another digest is refused", async () => {
    lieAboutLayer((response) => send(response, 200, {}, Buffer.alloc(LAYER.length, "x")));
    await mustBeRefused(/^blob sha256:\w+ is not what its digest says: its content has sha256:/);
  });

  test("with a layer that is too short is refused", async () => {
    lieAboutLayer((response) => send(response, 200, {}, LAYER.subarray(1)));
    await mustBeRefused(/^the registry sent? .*(only|part).* blob sha256:/);
  });

  test("with a layer that is longer than it said is refused at once", async () => {
    lieAboutLayer((response) => send(response, 200, {}, Buffer.concat([LAYER, LAYER])));
    await mustBeRefused(/^the registry sends more of blob sha256:\w+ than its 120000 bytes$/);
  });

  test("with a layer without an end is refused", async () => {
    lieAboutLayer((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(Buffer.alloc(1 << 16)), 1);
      response.on("close", () => clearInterval(timer));
    });
    await mustBeRefused(/^the registry sends more of blob sha256:\w+ than its 120000 bytes$/);
  });

  test("that drips is refused within a bound", async () => {
    lieAboutLayer((response) => {
      response.writeHead(200, { "content-length": LAYER.length });
      const timer = setInterval(() => response.write("x"), 10);
      response.on("close", () => clearInterval(timer));
    });
    await mustBeRefused(
      /^the registry sends blob sha256:\w+ too slowly: less than 1000 bytes in 0.15 s$/,
    );
  });

  test("that cuts each stream after a few bytes is refused within a bound", async () => {
    lieAboutLayer((response) => cutAfter(response, LAYER, 0, 10));
    await mustBeRefused(/^cannot read blob sha256:\w+: the connection was cut$/);
  });

  test("that sends another range than was asked for is refused", async () => {
    let count = 0;
    lieAboutLayer((response) => {
      if (count++ === 0) cutAfter(response, LAYER, 0, 30_000);
      else send(response, 206, { "content-range": "bytes 0-9/120000" }, LAYER.subarray(0, 10));
    });
    await mustBeRefused(/^the registry sends another part of blob/);
  });

  test("with a huge manifest is refused, said or not", async () => {
    for (const headers of [{ "content-length": 5 << 20 }, {}]) {
      registry.hook = (_, response) => {
        response.writeHead(200, headers);
        const timer = setInterval(() => response.write(Buffer.alloc(1 << 20, " ")), 1);
        response.on("close", () => clearInterval(timer));
        return true;
      };
      await mustBeRefused(/^the manifest is larger than the 4194304 bytes that are allowed$/);
    }
  });

  test("with a manifest that drips is refused", async () => {
    registry.hook = (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(" "), 10);
      response.on("close", () => clearInterval(timer));
      return true;
    };
    await mustBeRefused(/^cannot read the manifest: it is not there after 0.5 s$/);
  });

  test("with a manifest of another digest is refused", async () => {
    const { manifest } = registry.addImage("app", "latest", [LAYER]);
    const other = registry.addImage("app", "other", ["x"]);
    registry.hook = ({ url }, response) => {
      const found = registry.manifests.get(`app@${other.manifest.digest}`);
      if (url?.endsWith("/latest")) {
        send(response, 200, { "docker-content-digest": manifest.digest }, found?.bytes);
        return true;
      }
      if (!url?.endsWith(manifest.digest)) return false;
      send(response, 200, {}, found?.bytes);
      return true;
    };
    const pattern =
      /^the manifest is not what its digest says: wanted sha256:\w+, its content has sha256:/;
    await mustBeRefused(pattern);
    expect(await failureOf(world.pull(name(`app@${manifest.digest}`)))).toMatch(pattern);
  });

  test("with a configuration of gigabytes is refused before it is read", async () => {
    const config = { ...registry.addBlob("{}", MEDIA_TYPE.ociConfig), size: 2 ** 33 };
    registry.addManifest("app", "latest", { schemaVersion: 2, config, layers: [] });
    await mustBeRefused(/^the configuration is larger than the 4194304 bytes that are allowed$/);
  });

  test.each([
    ["no JSON", "<html>", /^the manifest is not valid: it is no JSON$/],
    [
      "both kinds",
      { schemaVersion: 2, manifests: [], layers: [], config: {} },
      /both layers and manifests/,
    ],
    ["schema 1", { schemaVersion: 1 }, /schema 1, which is not supported/],
    [
      "a path as digest",
      { schemaVersion: 2, config: { digest: "sha256:../../etc", size: 1 } },
      /must be a sha256 digest/,
    ],
    [
      "a negative size",
      { schemaVersion: 2, config: { digest: digestOf(""), size: -1 } },
      /must be a size in bytes/,
    ],
  ])("with a manifest of %s is refused", async (_, document, pattern) => {
    registry.hook = (_request, response) => {
      send(response, 200, {}, typeof document === "string" ? document : JSON.stringify(document));
      return true;
    };
    await mustBeRefused(pattern);
  });

  test("with indexes in indexes is refused", async () => {
    let digest = registry.addImage("app", "x", ["x"]).manifest.digest;
    for (let depth = 0; depth < 6; depth++) {
      const manifests = [{ mediaType: MEDIA_TYPE.ociIndex, digest, size: 1 }];
      const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
      ({ digest } = registry.addManifest("app", "latest", index));
    }
    await mustBeRefused(/is nested too deeply$/);
  });

  test("that redirects in a circle is refused", async () => {
    registry.hook = ({ url }, response) => {
      send(response, 307, { location: url ?? "" });
      return true;
    };
    await mustBeRefused(/redirects without an end$/);
  });

  test.each(["file:///etc/passwd", "ftp://a/", "http://user:pw@a/", "http://[", "javascript:1"])(
    "that redirects to %s is refused",
    async (location) => {
      registry.hook = (_, response) => {
        send(response, 307, { location });
        return true;
      };
      await mustBeRefused(/sends us to an unusable address/);
    },
  );

  test("cannot write on the terminal", async () => {
    registry.hook = (_, response) => {
      refuse(response, 400, "\x1b[2J", "\x1b]0;title\x07\r\nok");
      return true;
    };
    // eslint-disable-next-line no-control-regex
    expect(await failureOf(world.pull(name("app")))).not.toMatch(/[\x00-\x1f\x7f]/);
  });
});

describe("a mirror", () => {
  function setMirror(host: string): void {
    const registries = { [registry.host]: { mirrors: [host] } };
    writeFileSync(`${world.root}/registries.json`, JSON.stringify({ registries }));
  }

  test("is asked first and serves the image under the registry's name", async () => {
    await using mirror = await FakeRegistry.start();
    const { manifest } = mirror.addImage("app", "latest", [LAYER]);
    setMirror(mirror.host);
    expect(await world.pull(name("app"))).toMatchObject({ name: name("app:latest"), manifest });
    expect(registry.seen).toEqual([]);
  });

  test("without the image, or in trouble, leaves it to the registry", async () => {
    await using mirror = await FakeRegistry.start();
    registry.addImage("app", "latest", [LAYER]);
    for (const host of [mirror.host, "127.0.0.1:1"]) {
      setMirror(host);
      await world.pull(name("app"));
      expect(world.messages.some((line) => line.startsWith(`mirror ${host}: `))).toBe(true);
    }
  });
});
