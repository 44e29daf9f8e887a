// Images from archives and folders into the store, and back: what others write, and what lies.

import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { digestOf } from "../../src/image/digest.ts";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { ImageStore } from "../../src/image/store/store.ts";
import { loadArchive, loadFolder } from "../../src/image/transport/load.ts";
import { saveArchive, saveFolder } from "../../src/image/transport/save.ts";
import { parseTransport } from "../../src/image/transport/transport.ts";
import { archive, join, latin1 } from "./make-tar.ts";
import {
  dockerArchive,
  inPieces,
  type MadeImage,
  makeImage,
  makeLayer,
  ociArchive,
} from "./made-image.ts";

const site = mkdtempSync(`${tmpdir()}/bunker-transport-`);
let store: ImageStore;

beforeEach(() => {
  store = newStore();
});
afterAll(() => removeTreeDeep(site));

const newStore = () => ImageStore.open(mkdtempSync(`${site}/store-`));
const base = makeLayer([{ name: "base", contents: "base" }]);
const zipped = makeLayer([{ name: "zipped", contents: "zipped" }], "gzip");
const modern = makeLayer([{ name: "modern", contents: "modern" }], "zstd");
const image = makeImage([base, zipped]);
const other = makeImage([base, modern]);
const NAME = "docker.io/library/made:1";

const load = (bytes: Uint8Array, reference?: string) =>
  loadArchive(inPieces(bytes), store, { reference });
const names = () => store.list().flatMap((each) => each.names);

describe("a docker archive", () => {
  test("of docker before 25 gives its images, whose ids are their configurations' digests", async () => {
    const loaded = await load(
      dockerArchive([
        [["made:1", "made:2"], image],
        [[], other],
      ]),
    );
    expect(loaded.map((each) => each.names)).toEqual([[NAME, "docker.io/library/made:2"], []]);
    expect(
      store
        .list()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([image.configDigest, other.configDigest].sort());
  });

  test.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ] as const)("may be compressed as a whole with %s", async (_, compress) => {
    await load(compress(dockerArchive([[["made:1"], image]])));
    expect(names()).toEqual([NAME]);
  });

  test("gives one of its images where one is named", async () => {
    const bytes = dockerArchive([
      [["made:1"], image],
      [["other:1"], other],
    ]);
    await load(bytes, "other:1");
    expect(names()).toEqual(["docker.io/library/other:1"]);
    await expect(load(bytes, "third:1")).rejects.toThrow('the archive has no image "third:1"');
    await load(bytes, "@0");
    expect(names().sort()).toEqual([NAME, "docker.io/library/other:1"]);
  });

  test.each([
    [
      "without manifest.json",
      (files) =>
        files.splice(
          files.findIndex(({ name }) => name === "manifest.json"),
          1,
        ),
      "neither manifest.json nor index.json",
    ],
    ["without a layer", (files) => files.shift(), 'has no file "layer-0-0/layer.tar"'],
    ["without a configuration", (files) => files.splice(2, 1), "has no file"],
    [
      "whose manifest.json is no JSON",
      (files) => files.push({ name: "manifest.json", contents: "{" }),
      "manifest.json in the archive is not valid",
    ],
    [
      "whose manifest.json is an object",
      (files) => files.push({ name: "manifest.json", contents: "{}" }),
      "manifest.json in the archive is not valid",
    ],
    [
      "with a name that is none",
      (files) =>
        files.push({
          name: "manifest.json",
          contents: JSON.stringify([{ Config: "c", RepoTags: ["UPPER"], Layers: [] }]),
        }),
      "must be lowercase",
    ],
    [
      "whose layers are not as many as the configuration says",
      (files) =>
        files.push({
          name: "manifest.json",
          contents: JSON.stringify([{ Config: files[2]?.name, RepoTags: [], Layers: [] }]),
        }),
      "0 layers in manifest.json, 2 in its configuration",
    ],
    [
      "whose layer is a link in a circle",
      (files) => files.splice(0, 1, { name: "layer-0-0/layer.tar", type: "2", link: "layer.tar" }),
      "has no file",
    ],
    [
      "whose layer is a link out",
      (files) =>
        files.splice(0, 1, {
          name: "layer-0-0/layer.tar",
          type: "2",
          link: "../../../../etc/passwd",
        }),
      "has no file",
    ],
  ] as readonly (readonly [
    string,
    (
      files: { name?: string; contents?: Uint8Array | string; type?: string; link?: string }[],
    ) => unknown,
    string,
  ])[])("%s is refused in a line", async (_, change, message) => {
    const bytes = dockerArchive([[["made:1"], image]], (files) => void change(files));
    await expect(load(bytes)).rejects.toThrow(message);
    expect(store.list()).toEqual([]);
  });
});

describe("an OCI archive", () => {
  test("keeps its manifest as it is, with the name of its annotation", async () => {
    await load(ociArchive([[NAME, image]]));
    expect(store.resolve(NAME).manifest.digest).toBe(image.manifestDigest);
  });

  test("with a bare tag, or nothing, gives an image without a name", async () => {
    await load(
      ociArchive([
        ["latest", image],
        [undefined, other],
      ]),
    );
    expect(names()).toEqual([]);
    expect(store.list()).toHaveLength(2);
  });

  const tampered = (change: (files: Map<string, Uint8Array>) => void) =>
    load(ociArchive([[NAME, image]], change));
  const path = (digest: string) => `blobs/${digest.replace(":", "/")}`;

  test("with a blob that is not what its name says is refused", async () => {
    const big = { ...base, blob: latin1("x".repeat(5 * 1024 * 1024)) };
    const large = makeImage([{ ...big, digest: digestOf(big.blob), diffId: digestOf(big.blob) }]);
    const bytes = ociArchive([[NAME, large]], (files) => {
      files.set(path(digestOf(big.blob)), latin1("y".repeat(5 * 1024 * 1024)));
    });
    await expect(load(bytes)).rejects.toThrow("is not what its digest says");
    await expect(tampered((files) => files.set(path(base.digest), latin1("z")))).rejects.toThrow(
      /is not what/,
    );
    expect(store.blobs.list()).not.toContain(digestOf(big.blob));
  });

  test("with a manifest that is not what its digest says is refused", async () => {
    await expect(
      tampered((files) => files.set(path(image.manifestDigest), latin1("{}"))),
    ).rejects.toThrow("is not what its digest says");
  });

  test("without a layer, a manifest or anything is refused", async () => {
    await expect(tampered((files) => files.delete(path(zipped.digest)))).rejects.toThrow(
      `the archive has no blob ${zipped.digest}`,
    );
    await expect(tampered((files) => files.delete(path(image.manifestDigest)))).rejects.toThrow(
      "the archive has no manifest",
    );
    await expect(load(archive())).rejects.toThrow("it holds no image");
    await expect(load(new Uint8Array())).rejects.toThrow("it holds no image");
    await expect(load(latin1("\xfd7zXZ"))).rejects.toThrow("compression with xz is not supported");
    await expect(load(latin1("text ".repeat(200)))).rejects.toThrow("the archive is not valid");
  });

  test("that is cut, also in its compression, is refused", async () => {
    const whole = ociArchive([[NAME, image]]);
    await expect(load(whole.subarray(0, 1500))).rejects.toThrow("ends too early");
    const packed = gzipSync(whole);
    await expect(load(packed.subarray(0, packed.length - 100))).rejects.toThrow(
      "the archive cannot be decompressed",
    );
  });

  test("with an index that leads to itself, or both kinds of a manifest, is refused", async () => {
    const both = latin1(
      JSON.stringify({ schemaVersion: 2, manifests: [], layers: [], config: {} }),
    );
    await expect(
      tampered((files) => {
        files.set(path(digestOf(both)), both);
        files.set(
          "index.json",
          latin1(
            JSON.stringify({
              schemaVersion: 2,
              manifests: [{ mediaType: "x", digest: digestOf(both), size: both.length }],
            }),
          ),
        );
      }),
    ).rejects.toThrow("it has both layers and manifests");
  });

  test("with several platforms keeps the index, and means this machine's by its name", async () => {
    const foreign = makeImage([base, modern], { architecture: "s390x" });
    const entry = (made: MadeImage, architecture: string) => ({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: made.manifestDigest,
      size: made.manifest.length,
      platform: { os: "linux", architecture },
    });
    const own = process.arch === "arm64" ? "arm64" : "amd64";
    const absent = { ...entry(image, "riscv64"), digest: digestOf("absent") };
    const index = latin1(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.index.v1+json",
        manifests: [entry(foreign, "s390x"), absent, entry(image, own)],
      }),
    );
    const bytes = ociArchive(
      [
        [undefined, foreign],
        [undefined, image],
      ],
      (files) => {
        files.set(path(digestOf(index)), index);
        const top = {
          mediaType: "application/vnd.oci.image.index.v1+json",
          digest: digestOf(index),
          size: index.length,
          annotations: { "org.opencontainers.image.ref.name": NAME },
        };
        files.set("index.json", latin1(JSON.stringify({ schemaVersion: 2, manifests: [top] })));
      },
    );
    await load(bytes);
    expect(store.resolve(NAME).id).toBe(image.configDigest);
    expect(store.resolve(NAME).top.digest).toBe(digestOf(index));
    expect(store.check({ repair: false, verify: true })).toEqual([]);

    const narrow = newStore();
    const only = { platform: { os: "linux", architecture: "s390x" } };
    const [loaded] = await loadArchive(inPieces(bytes), narrow, only);
    expect(loaded).toMatchObject({ names: [NAME], descriptor: { digest: foreign.manifestDigest } });
    expect(narrow.resolve(NAME)).toMatchObject({ id: foreign.configDigest, names: [NAME] });
    expect(narrow.entries().length).toBe(1);
    const missing = { platform: { os: "linux", architecture: "riscv64" } };
    await expect(loadArchive(inPieces(bytes), newStore(), missing)).rejects.toThrow(
      "does not provide the specified platform (linux/riscv64)",
    );
  });
});

describe("what is saved", () => {
  const save = (format: "docker-archive" | "oci-archive") => {
    const parts: Uint8Array[] = [];
    const images = store.list().map((each) => ({ image: each, names: each.names }));
    saveArchive(images, format, (bytes) => parts.push(Uint8Array.from(bytes)), store);
    return join(...parts);
  };

  test.each(["docker-archive", "oci-archive"] as const)(
    "as %s loads again, the same",
    async (format) => {
      await load(
        ociArchive([
          [NAME, image],
          ["docker.io/library/other:1", other],
        ]),
      );
      const before = store.list();
      const saved = save(format);
      store = newStore();
      await load(saved);
      const kept = (each: (typeof before)[number]) => [each.id, each.manifest.digest, each.names];
      expect(store.list().map(kept)).toEqual(before.map(kept));
    },
  );

  test.each(["oci", "dir"] as const)("as %s: loads again", async (kind) => {
    await load(ociArchive([[NAME, image]]));
    const folder = mkdtempSync(`${site}/folder-`);
    const found = store.resolve(NAME);
    saveFolder([{ image: found, names: found.names }], { kind, path: folder }, store);
    store = newStore();
    const [loaded] = await loadFolder({ kind, path: folder }, store);
    expect(loaded?.names).toEqual(kind === "oci" ? [NAME] : []);
    expect(store.list()[0]?.manifest.digest).toBe(image.manifestDigest);
  });

  test("as oci: stands beside what is there, and takes the place of its own name", async () => {
    await load(
      ociArchive([
        [NAME, image],
        ["docker.io/library/other:1", other],
      ]),
    );
    const path = mkdtempSync(`${site}/folder-`);
    const [first, second] = store.list();
    const write = (each: typeof first, reference: string) =>
      saveFolder([{ image: each!, names: [] }], { kind: "oci", path, reference }, store);
    write(first, "a:1");
    write(second, "b:1");
    write(second, "a:1");
    store = newStore();
    await loadFolder({ kind: "oci", path }, store);
    expect(store.list()).toHaveLength(1);
    expect(names().sort()).toEqual(["docker.io/library/a:1", "docker.io/library/b:1"]);
  });
});

test("transports are told from names of images", () => {
  expect(parseTransport("oci:/a/b:c:1")).toEqual({ kind: "oci", path: "/a/b", reference: "c:1" });
  expect(parseTransport("dir:/a:b")).toEqual({ kind: "dir", path: "/a:b" });
  expect(parseTransport("docker-archive:x.tar")).toEqual({ kind: "docker-archive", path: "x.tar" });
  expect(parseTransport("alpine:latest")).toBeUndefined();
  expect(() => parseTransport("oci-archive:")).toThrow("must be followed by a path");
});
