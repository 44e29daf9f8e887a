// Pushing: what the registry has is not sent, the rest in one piece or in chunks.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { MEDIA_TYPE } from "../../../src/image/types.ts";
import { digestOf, FakeRegistry, refuse, send } from "./fake-registry.ts";
import { failureOf, World } from "./world.ts";

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

const name = (rest: string): string => `${registry.host}/${rest}`;
const methods = (): string[] => [...new Set(registry.seen.map(({ method }) => method))];

/** An image in the store that the registry then forgets. */
async function pullAndForget(layers: readonly string[]): Promise<void> {
  registry.addImage("app", "latest", layers);
  await world.pull(name("app"));
  registry.blobs.clear();
  registry.seen.length = 0;
}

describe("a push", () => {
  test("sends each blob in one request after it was given a place, then the manifest", async () => {
    await pullAndForget(["one", "two"]);
    const image = world.store.resolve(name("app:latest"));
    const pushed = await world.push(name("app:latest"), name("app:v2"));
    expect(pushed).toEqual({ digest: image.manifest.digest, size: image.manifest.size });
    expect(registry.blobs.has(digestOf("one"))).toBe(true);
    expect(registry.blobs.has(image.id)).toBe(true);
    expect(methods()).toEqual(["HEAD", "POST", "PUT"]);
    expect(registry.lines.at(-1)).toBe("PUT /v2/app/manifests/v2");
    expect(registry.manifests.get("app:v2")?.bytes).toEqual(
      registry.manifests.get("app:latest")!.bytes,
    );
    expect(world.messages.slice(-2)).toEqual([
      `The push refers to repository [${name("app")}]`,
      `v2: digest: ${pushed.digest} size: ${pushed.size}`,
    ]);
  });

  test("sends nothing that is there", async () => {
    registry.addImage("app", "latest", ["one"]);
    await world.pull(name("app"));
    registry.seen.length = 0;
    await world.push(name("app:latest"), name("app:v2"));
    expect(methods()).toEqual(["HEAD", "PUT"]);
    expect(world.blobs.filter(({ phase }) => phase === "exists")).toHaveLength(1);
  });

  test("has the registry take a layer from another of its repositories", async () => {
    registry.addImage("app", "latest", ["one"]);
    await world.pull(name("app"));
    registry.hook = ({ method }, response) => {
      if (method === "HEAD") send(response, 404, {});
      return method === "HEAD";
    };
    registry.seen.length = 0;
    await world.push(name("app:latest"), name("team/copy"));
    const mount = `POST /v2/team/copy/blobs/uploads/?mount=${digestOf("one")}&from=app`;
    expect(registry.lines).toContain(mount);
    expect(world.blobs.find(({ phase }) => phase === "mounted")).toMatchObject({ from: "app" });
  });

  test("says who it is before it takes a refusal to give the layer for an answer", async () => {
    registry.addImage("app", "latest", ["one"]);
    await world.pull(name("app"));
    mkdirSync(`${world.root}/.docker`);
    const auths = { [registry.host]: { auth: btoa("me:secret") } };
    writeFileSync(`${world.root}/.docker/config.json`, JSON.stringify({ auths }));
    registry.hook = ({ method, headers }, response) => {
      const isKnown = headers.authorization !== undefined;
      if (!isKnown) response.setHeader("www-authenticate", 'Basic realm="mine"');
      if (!isKnown) send(response, 401, {});
      else if (method === "HEAD") send(response, 404, {});
      return !isKnown || method === "HEAD";
    };
    await world.push(name("app:latest"), name("team/copy"));
    expect(world.blobs.find(({ phase }) => phase === "mounted")).toMatchObject({ from: "app" });
  });

  test("sends the layer where it cannot be taken from there, and ends what was begun for it", async () => {
    await pullAndForget(["one"]);
    await world.push(name("app:latest"), name("team/copy"));
    // What was begun is ended beside what goes on.
    expect(methods().sort()).toEqual(["DELETE", "HEAD", "POST", "PUT"]);
    expect(registry.blobs.has(digestOf("one"))).toBe(true);
  });

  test("sends a large layer in chunks, and goes on after one that failed", async () => {
    const large = "large ".repeat(3000);
    await pullAndForget([large]);
    let patches = 0;
    registry.hook = ({ method }, response) => {
      if (method !== "PATCH" || ++patches !== 3) return false;
      send(response, 503, {});
      return true;
    };
    await world.push(name("app:latest"), name("app:v2"));
    expect(registry.blobs.get(digestOf(large))?.toString()).toBe(large);
    expect(patches).toBe(6);
    expect(methods().sort()).toEqual(["GET", "HEAD", "PATCH", "POST", "PUT"]);
    const done = world.blobs.flatMap(({ phase, doneBytes }) =>
      phase === "uploading" ? [doneBytes ?? 0] : [],
    );
    expect(done).toEqual([0, 4096, 8192, 12_288, 16_384, 18_000]);
  });

  test("begins anew where the registry has forgotten the upload", async () => {
    const large = "large ".repeat(3000);
    await pullAndForget([large]);
    let patches = 0;
    registry.hook = ({ method, url }, response) => {
      if (method === "PATCH" && ++patches === 3) send(response, 503, {});
      else if (method === "GET" && url?.includes("/uploads/")) {
        refuse(response, 404, "BLOB_UPLOAD_UNKNOWN", "gone");
      } else return false;
      return true;
    };
    await world.push(name("app:latest"), name("app:v2"));
    expect(registry.blobs.get(digestOf(large))?.toString()).toBe(large);
  });

  test("sends an index with its images, where all of them are here", async () => {
    const [first, second] = ["first", "second"].map((tag) => registry.addImage("app", tag, [tag]));
    const own = { os: "linux", architecture: process.arch === "arm64" ? "arm64" : "amd64" };
    const manifests = [
      { ...first!.manifest, platform: own },
      { ...second!.manifest, platform: { os: "linux", architecture: "s390x" } },
    ];
    const index = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests };
    const top = registry.addManifest("app", "multi", index);
    await world.pull(name("app:multi"), { platform: undefined });
    const alone = await world.push(name("app:multi"), name("copy:one"));
    expect(alone.digest).toBe(first!.manifest.digest);
    await world.pull(name("app:multi"), { platform: { os: "linux", architecture: "s390x" } });
    world.store.setReference(name("app:multi"), top);
    const both = await world.push(name("app:multi"), name("copy:both"));
    expect(both.digest).toBe(top.digest);
    for (const { manifest } of [first!, second!]) {
      expect(registry.manifests.has(`copy@${manifest.digest}`)).toBe(true);
    }
  });

  test("compresses layers that lie here uncompressed", async () => {
    const layer = "tar ".repeat(10_000);
    const document = {
      schemaVersion: 2,
      mediaType: MEDIA_TYPE.ociManifest,
      config: registry.addBlob('{"rootfs":{"type":"layers","diff_ids":[]}}', MEDIA_TYPE.ociConfig),
      layers: [registry.addBlob(layer, MEDIA_TYPE.ociLayer)],
    };
    registry.addManifest("app", "latest", document);
    await world.pull(name("app"));
    const { digest } = await world.push(name("app:latest"), name("app:v2"));
    const pushed = JSON.parse(String(registry.manifests.get(`app@${digest}`)?.bytes));
    expect(pushed.layers[0].mediaType).toBe(MEDIA_TYPE.ociLayerGzip);
    const bytes = registry.blobs.get(pushed.layers[0].digest);
    expect(gunzipSync(bytes ?? "").toString()).toBe(layer);
    expect(await world.push(name("app:latest"), name("app:v3"))).toMatchObject({ digest });
  });

  test("that is refused says so in docker's words", async () => {
    await pullAndForget(["one"]);
    registry.hook = (_, response) => {
      refuse(response, 403, "DENIED", "not yours");
      return true;
    };
    expect(await failureOf(world.push(name("app:latest"), name("app:v2")))).toStartWith(
      `push access denied for ${name("app")}: registry "${registry.host}" refused HEAD `,
    );
  });

  test("of a digest is refused", async () => {
    await pullAndForget(["one"]);
    const { manifest } = world.store.resolve(name("app:latest"));
    expect(await failureOf(world.push(name("app:latest"), name(`app@${manifest.digest}`)))).toBe(
      "cannot push a digest reference",
    );
  });

  test("to a registry that gives no place for uploads is refused", async () => {
    await pullAndForget(["one"]);
    registry.hook = ({ method }, response) => {
      if (method === "POST") send(response, 202, {});
      return method === "POST";
    };
    expect(await failureOf(world.push(name("app:latest"), name("app:v2")))).toBe(
      `registry "${registry.host}" names no place to upload to`,
    );
  });
});
