// The image store on its own: blobs, names, layers, what a sweep takes and what a check finds.

import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { digestHex, digestOf } from "../../src/image/digest.ts";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { chainIds } from "../../src/image/store/layers.ts";
import { ImageStore } from "../../src/image/store/store.ts";
import { loadArchive } from "../../src/image/transport/load.ts";
import { latin1 } from "./make-tar.ts";
import { inPieces, type MadeImage, makeImage, makeLayer, ociArchive } from "./made-image.ts";

const site = mkdtempSync(`${tmpdir()}/bunker-store-`);
let store: ImageStore;

beforeEach(() => {
  store = ImageStore.open(mkdtempSync(`${site}/store-`));
});
afterAll(() => removeTreeDeep(site));

const NAME = "docker.io/library/made:latest";
const OTHER = "docker.io/library/other:latest";
const base = makeLayer(
  [
    { name: "etc/", type: "5" },
    { name: "etc/base", contents: "base" },
  ],
  "gzip",
);
const top = makeLayer([{ name: "etc/top", contents: "top" }, { name: "etc/.wh.base" }], "zstd");

const load = (...images: (readonly [string | undefined, MadeImage])[]) =>
  loadArchive(inPieces(ociArchive(images)), store);
const unfinished = () => readdirSync(store.paths.ingest);

describe("a blob", () => {
  test("is there under its digest once it is committed, and not before", () => {
    const bytes = latin1("hello");
    using writer = store.ingest({ digest: digestOf(bytes), size: 5 });
    writer.write(bytes.subarray(0, 2));
    expect(store.hasBlob(digestOf(bytes))).toBe(false);
    writer.write(bytes.subarray(2));
    expect(writer.commit()).toEqual({ digest: digestOf(bytes), size: 5 });
    expect(readFileSync(store.blobPath(digestOf(bytes)), "utf8")).toBe("hello");
  });

  test("with another digest is refused, and nothing is kept", () => {
    const wanted = digestOf("other");
    expect(() => store.ingestBytes(latin1("hello"), { digest: wanted })).toThrow(
      `blob ${wanted} is not what its digest says: its content has ${digestOf("hello")}`,
    );
    expect(store.blobs.list()).toEqual([]);
    expect(unfinished()).toEqual([]);
  });

  test("that is too long is refused at the first byte too many; one too short at its end", () => {
    using writer = store.ingest({ size: 3 });
    expect(() => writer.write(latin1("hello"))).toThrow(
      "the blob is longer than the 3 bytes that it should have",
    );
    expect(() => store.ingestBytes(latin1("x"), { size: 3 })).toThrow(
      "the blob has 1 bytes: it should have 3",
    );
  });

  test("that is given up leaves nothing", () => {
    {
      using writer = store.ingest();
      writer.write(latin1("hello"));
      expect(unfinished()).toHaveLength(1);
    }
    expect(unfinished()).toEqual([]);
  });

  test("that was damaged is not read", () => {
    const digest = store.ingestBytes(latin1("hello"));
    writeFileSync(store.blobPath(digest), "jello");
    expect(() => store.readBlob(digest, 100)).toThrow(`blob ${digest} is damaged in the store`);
    expect(() => store.readBlob(digest, 3)).toThrow("has 5 bytes: at most 3 are read here");
    expect(() => store.readBlob(digestOf("none"), 3)).toThrow("is missing in the store");
  });
});

describe("blobs", () => {
  test("wait for what names them, are read meanwhile, and go to their places together", async () => {
    const image = makeImage([base]);
    const bytes = latin1("small");
    const digest = store.ingestBytes(bytes);
    expect(store.hasBlob(digest)).toBe(true);
    expect(store.readBlob(digest, 10)).toEqual(bytes);
    expect(store.blobs.list()).toEqual([]);
    await load([NAME, image]);
    expect(store.blobs.list()).toContain(digest);
    expect(unfinished()).toEqual([]);
  });

  test("that are large and to be kept are in their places at once", () => {
    const bytes = latin1("large".repeat(300_000));
    const digest = store.ingestBytes(bytes, { keepUnnamed: true });
    expect(store.blobs.list()).toEqual([digest]);
    store.release();
    expect(store.hasBlob(digest)).toBe(true);
  });

  test("that nothing names are gone with the hold, and those beyond a few dozen do not wait", () => {
    store.ingestBytes(latin1("small"));
    store.release();
    expect(unfinished()).toEqual([]);
    for (let i = 0; i < 40; i++) store.ingestBytes(latin1(`small ${i}`));
    expect(store.blobs.list().length).toBeGreaterThan(30);
  });
});

test("what two want to make is made by one after the other, and no lock stays", async () => {
  const digest = digestOf("wanted");
  let inside = 0;
  const work = async () => {
    using other = ImageStore.open(store.paths.root);
    using _claim = await other.claimBlob(digest);
    inside += 1;
    expect(inside).toBe(1);
    await Bun.sleep(5);
    inside -= 1;
  };
  await Promise.all(Array.from({ length: 12 }, work));
  expect(unfinished()).toEqual([]);
});

test("whoever waits for another's work can give up", async () => {
  using _claim = await store.claimBlob(digestOf("wanted"));
  const waiting = store.claimBlob(digestOf("wanted"), AbortSignal.timeout(30));
  await expect(waiting).rejects.toThrow(/abort/i);
});

describe("a name", () => {
  test("that moves to another image leaves the first without one", async () => {
    await load([NAME, makeImage([base])]);
    const first = store.resolve(NAME);
    await load([NAME, makeImage([base, top])]);
    expect(store.resolve(NAME).id).not.toBe(first.id);
    expect(store.resolve(first.id).names).toEqual([]);
  });

  test("can be one of several, and the image stays until the last is gone", async () => {
    await load([NAME, makeImage([base])]);
    const { manifest, id } = store.resolve(NAME);
    store.setReference(OTHER, manifest);
    expect([...store.resolve(id).names].sort()).toEqual([NAME, OTHER]);
    expect(store.removeReference(OTHER)).toBe(true);
    expect(store.removeReference(OTHER)).toBe(false);
    expect(store.resolve(id).names).toEqual([NAME]);
    expect(store.removeReference(NAME)).toBe(true);
    expect(store.resolve(id).names).toEqual([]);
  });

  test("is found by the start of the id, unless two have it", async () => {
    const image = makeImage([base]);
    await load([NAME, image]);
    const hex = digestHex(image.configDigest);
    expect(store.resolve(hex.slice(0, 12)).names).toEqual([NAME]);
    expect(store.resolve(image.manifestDigest).names).toEqual([NAME]);
    expect(() => store.resolve("nothing")).toThrow("no such image: nothing");
    let n = 0;
    while (!store.list().some(({ id }) => id[7] === hex[0] && id !== image.configDigest)) {
      n += 1;
      await load([`docker.io/library/n:${n}`, makeImage([base], { author: String(n) })]);
    }
    expect(() => store.resolve(hex.slice(0, 1))).toThrow(/image id ".": is ambiguous|is ambiguous/);
  });
});

describe("layers", () => {
  test("are unpacked once for all images that share them", async () => {
    await load([NAME, makeImage([base])], [OTHER, makeImage([base, top])]);
    const [only] = await store.ensureLayers(store.resolve(NAME));
    const two = await store.ensureLayers(store.resolve(OTHER));
    expect(two).toHaveLength(2);
    expect(two[1]).toEqual(only!);
    expect(readFileSync(`${two[0]?.path}/etc/top`, "utf8")).toBe("top");
    expect(readdirSync(store.paths.layers)).toHaveLength(3);
    expect(existsSync(`${store.paths.links}/${two[0]?.link}/etc/top`)).toBe(true);
  });

  test("get the ids of their stacks as the specification has them", () => {
    const [a, b, c] = [digestOf("a"), digestOf("b"), digestOf("c")];
    const ab = digestOf(`${a} ${b}`);
    expect(chainIds([a, b, c])).toEqual([a, ab, digestOf(`${ab} ${c}`)]);
  });

  test("that are not what the configuration says are refused, and nothing of them stays", async () => {
    const lying = makeImage([{ ...base, diffId: digestOf("other") }]);
    await expect(load([NAME, lying])).rejects.toThrow(
      `layer ${base.digest} is not what the image's configuration says`,
    );
    expect(store.layers.list()).toEqual([]);
    store.release();
    expect(unfinished()).toEqual([]);
    expect(store.list()).toEqual([]);
  });

  test("that are not archives are refused in a line that names them", async () => {
    const blob = latin1("\x1f\x8bgarbage");
    const bad = makeImage([{ ...base, blob, digest: digestOf(blob) }]);
    await expect(load([NAME, bad])).rejects.toThrow(`cannot unpack layer ${digestOf(blob)}`);
  });

  test("of another boot are unpacked again, as a power cut may have hollowed them", async () => {
    await load([NAME, makeImage([base])]);
    const [layer] = await store.ensureLayers(store.resolve(NAME));
    const folder = layer!.path.replace(/diff$/, "");
    writeFileSync(`${folder}/boot`, "another boot");
    truncateSync(`${layer?.path}/etc/base`, 0);
    const [again] = await store.ensureLayers(store.resolve(NAME));
    expect(readFileSync(`${again?.path}/etc/base`, "utf8")).toBe("base");
  });

  test("look like those below where they do not say how a folder looks", async () => {
    const below = makeLayer([{ name: "d/", type: "5", mode: 0o750, time: 1234 }]);
    const above = makeLayer([{ name: "d/f", contents: "x" }]);
    await load([NAME, makeImage([below, above])]);
    const [path] = await store.ensureLayers(store.resolve(NAME));
    const { statSync } = await import("node:fs");
    const status = statSync(`${path?.path}/d`);
    expect(status.mode & 0o7777).toBe(0o750);
    expect(status.mtimeMs).toBe(1_234_000);
  });

  test("of sixteen loads at once are each unpacked once, and all of them end right", async () => {
    const layers = Array.from({ length: 6 }, (_, i) =>
      makeLayer([{ name: `f${i}`, contents: "x" }]),
    );
    const stores = Array.from({ length: 16 }, () => ImageStore.open(store.paths.root));
    const images = stores.map((_, i) =>
      makeImage(layers.slice(0, (i % 6) + 1), { author: String(i) }),
    );
    await Promise.all(
      stores.map((each, i) =>
        loadArchive(inPieces(ociArchive([[`docker.io/library/n:${i}`, images[i]!]])), each),
      ),
    );
    for (const each of stores) each.release();
    expect(store.list()).toHaveLength(16);
    expect(store.layers.list()).toHaveLength(6);
    expect(store.check({ repair: false, verify: true })).toEqual([]);
  });
});

describe("a sweep", () => {
  test("takes what no image needs, and leaves what another shares", async () => {
    await load([NAME, makeImage([base])], [OTHER, makeImage([base, top])]);
    store.dropImage(store.resolve(OTHER));
    const swept = store.sweep();
    expect(swept?.layers).toHaveLength(1);
    expect(swept?.blobs).toContain(top.digest);
    expect(store.hasBlob(base.digest)).toBe(true);
    expect(await store.ensureLayers(store.resolve(NAME))).toHaveLength(1);
    expect(readdirSync(store.paths.links)).toHaveLength(1);
  });

  test("leaves the images of containers that are named nowhere", async () => {
    await load([NAME, makeImage([base])]);
    const image = store.resolve(NAME);
    store.dropImage(image);
    expect(store.sweep([image.manifest])?.layers).toEqual([]);
    expect(store.sweep()?.layers).toHaveLength(1);
  });

  test("does not begin while another uses the store", async () => {
    await load([NAME, makeImage([base])]);
    using other = ImageStore.open(store.paths.root);
    other.hold();
    expect(store.sweep()).toBeUndefined();
    await expect(store.sweepWaiting(50)).rejects.toThrow("the image store is in use");
    other.release();
    expect(store.sweep()).toBeDefined();
  });

  test("leaves all where an image cannot be read", async () => {
    await load([NAME, makeImage([base])]);
    const { manifest } = store.resolve(NAME);
    writeFileSync(store.blobPath(manifest.digest), "damaged");
    expect(store.sweep()?.blobs).toEqual([]);
    expect(store.hasBlob(base.digest)).toBe(true);
  });

  test("clears what a killed command left, as does the next one that has the store alone", () => {
    writeFileSync(`${store.paths.ingest}/left`, "half");
    using next = ImageStore.open(store.paths.root);
    next.hold();
    expect(unfinished()).toEqual([]);
  });
});

describe("a check", () => {
  const whats = () => store.check({ repair: false, verify: true }).map(({ what }) => what);

  test("finds a damaged blob and what is incomplete by it, and repairs to a store that works", async () => {
    await load([NAME, makeImage([base])], [OTHER, makeImage([top])]);
    writeFileSync(store.blobPath(base.digest), "damaged");
    expect(whats()).toEqual([
      `blob ${base.digest} is damaged`,
      expect.stringContaining(`image "${NAME}" is incomplete`),
    ]);
    const repaired = store.check({ repair: true, verify: true });
    expect(repaired.every(({ isRepaired }) => isRepaired)).toBe(true);
    expect(whats()).toEqual([]);
    expect(store.list().flatMap(({ names }) => names)).toEqual([OTHER]);
    await load([NAME, makeImage([base])]);
    expect(store.list()).toHaveLength(2);
  });

  test("begins a damaged index anew", async () => {
    await load([NAME, makeImage([base])]);
    writeFileSync(store.paths.index, "{");
    expect(whats()[0]).toContain("index.json cannot be read");
    store.check({ repair: true, verify: true });
    expect(whats()).toEqual([]);
    expect(store.list()).toEqual([]);
  });

  test("finds what belongs to no image, and takes it away", () => {
    const orphan = latin1("orphan".repeat(200_000));
    const digest = store.ingestBytes(orphan, { keepUnnamed: true });
    writeFileSync(`${store.paths.ingest}/left`, "half");
    expect(whats()).toEqual([
      "1 unfinished downloads or layers",
      `blob ${digest} belongs to no image`,
    ]);
    store.check({ repair: true, verify: true });
    expect(whats()).toEqual([]);
  });

  test("finds a layer without its link", async () => {
    await load([NAME, makeImage([base])]);
    const [layer] = await store.ensureLayers(store.resolve(NAME));
    removeTreeDeep(`${store.paths.links}/${layer?.link}`);
    expect(whats()).toEqual([`layer ${layer?.chainId} is incomplete`]);
    store.check({ repair: true, verify: true });
    expect(await store.ensureLayers(store.resolve(NAME))).toHaveLength(1);
    expect(whats()).toEqual([]);
  });

  test("compares unpacked layers with their blobs, file by file", async () => {
    const layer = makeLayer([
      { name: "d/a", contents: "first" },
      { name: "d/a", contents: "twice" },
      { name: "d/b", contents: "b" },
      { name: "gone/c", contents: "c" },
      { name: "gone", contents: "a file now" },
      { name: "link", type: "1", link: "d/b" },
      { name: ".wh.white" },
    ]);
    await load([NAME, makeImage([layer])]);
    const options = { repair: false, verify: true };
    const contents = async () => (await store.checkContents(options)).map(({ what }) => what);
    expect(await contents()).toEqual([]);
    const [{ path = "", chainId = "" } = {}] = await store.ensureLayers(store.resolve(NAME));
    writeFileSync(`${path}/d/a`, "TWICE");
    expect(await contents()).toEqual([`layer ${chainId} is damaged: "/d/a" has other contents`]);
    truncateSync(`${path}/d/a`, 2);
    expect(await contents()).toEqual([
      `layer ${chainId} is damaged: "/d/a" has 2 bytes instead of 5`,
    ]);
    removeTreeDeep(`${path}/d`);
    expect(await contents()).toEqual([
      `layer ${chainId} is damaged: "/d/a" is missing, and 1 more`,
    ]);
    const { manifest } = store.resolve(NAME);
    const [used] = await store.checkContents({ ...options, repair: true, inUse: [manifest] });
    expect(used?.what).toContain("a container uses it");
    expect((await store.checkContents({ ...options, repair: true }))[0]?.isRepaired).toBe(true);
    const [again] = await store.ensureLayers(store.resolve(NAME));
    expect(readFileSync(`${again?.path}/d/a`, "utf8")).toBe("twice");
    expect(await contents()).toEqual([]);
  });

  test("counts what images take, and what they share", async () => {
    await load([NAME, makeImage([base])], [OTHER, makeImage([base, top])]);
    const usage = store.usage();
    const of = (name: string) => usage.images.find(({ image }) => image.names.includes(name));
    expect(usage.garbageBytes).toBe(0);
    expect(of(NAME)?.sharedBytes).toBe(of(OTHER)?.sharedBytes ?? -1);
    expect(usage.imageBytes).toBe(
      (of(NAME)?.bytes ?? 0) + (of(OTHER)?.bytes ?? 0) - (of(NAME)?.sharedBytes ?? 0),
    );
  });
});
