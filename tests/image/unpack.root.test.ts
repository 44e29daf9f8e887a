// What is unpacked is what was packed: trees of all kinds of files, by GNU tar in each of its formats,
// by ourselves, and by overlay.

import { afterAll, beforeAll, expect, test } from "bun:test";
import {
  createReadStream,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  statSync,
  writeSync,
} from "node:fs";
import { flattenLayers } from "../../src/image/layer/flatten.ts";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { listChanges } from "../../src/image/layer/changes.ts";
import { unpackStream } from "../../src/image/layer/unpack-stream.ts";
import { writeTree } from "../../src/image/layer/write-tree.ts";
import { commitLayer } from "../../src/image/store/commit-layer.ts";
import { ImageStore } from "../../src/image/store/store.ts";
import { loadArchive } from "../../src/image/transport/load.ts";
import { needsRoot } from "../harness/tier.ts";
import { inPieces, makeImage, makeLayer, ociArchive } from "./made-image.ts";
import { type DescribeOptions, describeTree, makeEveryKind, shell } from "./tree.ts";

needsRoot("unpacking", () => {
  let site: string;
  let source: string;

  beforeAll(() => {
    // Not on a tmpfs: older ones have no user attributes.
    site = mkdtempSync("/var/tmp/bunker-unpack-");
    source = `${site}/source`;
    mkdirSync(source);
    makeEveryKind(source);
  });
  afterAll(() => removeTreeDeep(site), 60_000);

  const unpack = async (archive: string): Promise<string> => {
    const place = mkdtempSync(`${site}/out-`);
    mkdirSync(`${place}/diff`);
    mkdirSync(`${place}/trash`);
    const options = { folder: `${place}/diff`, trash: `${place}/trash` };
    await unpackStream(createReadStream(archive), "none", options);
    return `${place}/diff`;
  };

  const whole: DescribeOptions = {};
  const formats: readonly (readonly [string, DescribeOptions])[] = [
    ["--format=posix --exclude=./sparse --xattrs --xattrs-include=*", whole],
    ["--format=posix --sparse --sparse-version=0.0 --xattrs --xattrs-include=*", whole],
    ["--format=posix --sparse --sparse-version=0.1 --xattrs --xattrs-include=*", whole],
    ["--format=posix --sparse --sparse-version=1.0 --xattrs --xattrs-include=*", whole],
    ["--format=gnu --sparse", { wholeSeconds: true, withoutAttributes: /./ }],
    ["--format=gnu --exclude=./sparse", { wholeSeconds: true, withoutAttributes: /./ }],
  ];

  test.each(formats)(
    "what GNU tar packs with %s comes out the same",
    async (flags, options) => {
      const archive = `${site}/archive.tar`;
      shell(source, `tar ${flags} -cf ${archive} .`);
      const folder = await unpack(archive);
      // Without --sparse it would be written with all its zeros.
      const packed = (line: string) => !flags.includes("--exclude") || !line.startsWith('"sparse"');
      expect(describeTree(folder, options)).toEqual(describeTree(source, options).filter(packed));
    },
    120_000,
  );

  test("holes stay holes", async () => {
    const archive = `${site}/archive.tar`;
    shell(source, `tar --sparse -cf ${archive} sparse hole`);
    const folder = await unpack(archive);
    expect(statSync(`${folder}/sparse`).size).toBe(3 * 1024 ** 3);
    expect(statSync(`${folder}/sparse`).blocks * 512).toBeLessThan(1024 * 1024);
    expect(statSync(`${folder}/hole`).blocks).toBe(0);
  });

  test("what bunker packs, GNU tar and bunker unpack the same", async () => {
    shell(source, "rm -f sparse");
    const archive = `${site}/own.tar`;
    const fd = openSync(archive, "w");
    writeTree(source, (bytes) => void writeSync(fd, bytes), { whiteouts: false, root: true });
    closeSync(fd);
    const wanted = describeTree(source);
    expect(describeTree(await unpack(archive))).toEqual(wanted);
    const folder = `${site}/by-tar`;
    mkdirSync(folder);
    shell(folder, `tar --xattrs --xattrs-include='*' -xpf ${archive}`);
    expect(describeTree(folder)).toEqual(wanted);
  }, 60_000);

  test("a commit of a container's changes, on its image, looks as the container did", async () => {
    const store = ImageStore.open(`${site}/store`);
    const base = makeLayer([
      { name: "keep", contents: "keep" },
      { name: "gone", contents: "gone" },
      { name: "full/a", contents: "a" },
      { name: "full/b", contents: "b" },
      { name: "changed", contents: "before" },
      { name: "emptied/x", contents: "x" },
    ]);
    await loadArchive(inPieces(ociArchive([["docker.io/library/a:1", makeImage([base])]])), store);
    const lower = await store.ensureLayers(store.resolve("docker.io/library/a:1"));
    const [upper, work, merged] = ["upper", "work", "merged"].map((name) => `${site}/${name}`);
    for (const folder of [upper, work, merged]) mkdirSync(folder ?? "");
    const options = `lowerdir=${lower[0]?.path},upperdir=${upper},workdir=${work},redirect_dir=off,metacopy=off`;
    shell(site, `mount -t overlay overlay -o ${options} ${merged}`);
    try {
      shell(
        merged ?? "",
        `rm gone; rm -r full; mkdir full; echo new > full/new; echo after > changed; rm emptied/x
        mkdir made; ln changed made/hard; mknod made/null c 1 3; mv keep kept; chmod 700 emptied
        setfattr -n user.a -v b made; cp /bin/true cap; setcap cap_chown+ep cap`,
      );
      const changes = listChanges(
        upper ?? "",
        lower.map(({ path }) => path),
      );
      expect(changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
        "A /cap",
        "C /changed",
        "C /emptied",
        "D /emptied/x",
        "C /full",
        "A /full/new",
        "D /gone",
        "D /keep",
        "A /kept",
        "A /made",
        "A /made/hard",
        "A /made/null",
      ]);
      const layer = commitLayer(upper ?? "", store);
      const blob = store.readBlob(layer.digest, 1e8);
      const committed = makeImage([base, { ...layer, diffId: layer.digest, blob }]);
      await loadArchive(
        inPieces(ociArchive([["docker.io/library/a:2", committed]]), 100_000),
        store,
      );
      const layers = await store.ensureLayers(store.resolve("docker.io/library/a:2"));
      const again = `${site}/again`;
      mkdirSync(again);
      const lowers = layers.map(({ path }) => path).join(":");
      shell(site, `mount -t overlay overlay -o ro,lowerdir=${lowers} ${again}`);
      try {
        // The root itself has no entry in a layer of changes.
        const rest = (folder: string) => describeTree(folder).slice(1);
        expect(rest(again)).toEqual(rest(merged ?? ""));
      } finally {
        shell(site, `umount ${again}`);
      }
    } finally {
      shell(site, `umount ${merged}`);
    }
  }, 60_000);

  test("an image of 130 layers mounts by their short links", async () => {
    const store = ImageStore.open(`${site}/many`);
    const layers = Array.from({ length: 130 }, (_, i) =>
      makeLayer([
        { name: `f${i}`, contents: String(i) },
        { name: "last", contents: String(i) },
      ]),
    );
    await loadArchive(
      inPieces(ociArchive([["docker.io/library/many:1", makeImage(layers)]]), 1e5),
      store,
    );
    const found = await store.ensureLayers(store.resolve("docker.io/library/many:1"));
    const lowers = found.map(({ link }) => link).join(":");
    expect(lowers.length).toBeLessThan(1000);
    mkdirSync(`${site}/130`);
    shell(store.paths.links, `mount -t overlay overlay -o ro,lowerdir=${lowers} ${site}/130`);
    try {
      expect(shell(`${site}/130`, "cat last f0 f129; ls | wc -l").trim()).toBe("1290129131");
    } finally {
      shell(site, `umount ${site}/130`);
    }
  }, 120_000);

  test("layers with whiteouts show through overlay what they should", async () => {
    const store = ImageStore.open(`${site}/white`);
    const image = makeImage([
      makeLayer([
        { name: "a" },
        { name: "d/x" },
        { name: "d/y" },
        { name: "o/x" },
        { name: "n/x" },
      ]),
      makeLayer([
        { name: ".wh.a" },
        { name: "d/.wh.x" },
        { name: "o/.wh..wh..opq" },
        { name: "o/z" },
        { name: ".wh.n" },
        { name: "n/z" },
      ]),
    ]);
    await loadArchive(inPieces(ociArchive([["docker.io/library/w:1", image]])), store);
    const lowers = (await store.ensureLayers(store.resolve("docker.io/library/w:1"))).map(
      ({ path }) => path,
    );
    mkdirSync(`${site}/w`);
    mkdirSync(`${site}/flat`);
    flattenLayers(lowers, `${site}/flat`);
    shell(site, `mount -t overlay overlay -o ro,lowerdir=${lowers.join(":")} ${site}/w`);
    try {
      expect(shell(`${site}/w`, "find . | sort").split("\n").filter(Boolean)).toEqual([
        ".",
        "./d",
        "./d/y",
        "./n",
        "./n/z",
        "./o",
        "./o/z",
      ]);
      // Where overlay cannot be mounted, a copy looks the same.
      expect(describeTree(`${site}/flat`)).toEqual(describeTree(`${site}/w`));
    } finally {
      shell(site, `umount ${site}/w`);
    }
  });
});
