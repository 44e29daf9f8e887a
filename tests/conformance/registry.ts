// Images by way of a registry: skopeo, podman and buildah push and bunker pulls, then the other way
// round, for both kinds of manifests, gzip and zstd, one platform and several; each unpacked tree is
// compared with umoci's, file by file. `bun tests/conformance/registry.ts`, as root, after
// ./build.sh. It installs what it needs and ends with 1 if anything differs.
//
// The tools' own stores are below mounts of this script's, which end with it.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { ImageStore } from "../../src/image/store/store.ts";
import { compareTrees, listTree, type Tree } from "../harness/tree-listing.ts";
import { makeSource, type SourceImage } from "./images/source.ts";
import { installPackages, Registry, run } from "./images/tools.ts";

const PROJECT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const BUNKER = `${PROJECT}/dist/bunker`;
const PLACES = ["/var/lib/containers", "/run/containers", "/run/libpod", "/run/crun"];

function enterOwnMounts(): void {
  installPackages(
    "attr",
    "buildah",
    "docker-registry",
    "libcap2-bin",
    "podman",
    "skopeo",
    "tar",
    "umoci",
  );
  for (const place of PLACES) mkdirSync(place, { recursive: true });
  const mounts = PLACES.map((place) => `mount -t tmpfs tmpfs ${place}`).join(" && ");
  const again = [process.execPath, import.meta.path, "--inside"];
  const script = `${mounts} && exec "$@"`;
  const command = ["--mount", "--propagation", "private", "sh", "-c", script, "sh", ...again];
  const { status } = spawnSync("unshare", command, { stdio: "inherit" });
  process.exitCode = status ?? 1;
}

/** How an image was made for the registry. */
interface Kind {
  readonly format: "oci" | "v2s2";
  readonly compression: "gzip" | "zstd";
}

const KINDS: readonly Kind[] = [
  { format: "oci", compression: "gzip" },
  { format: "v2s2", compression: "gzip" },
  // Schema 2 knows no zstd.
  { format: "oci", compression: "zstd" },
];

interface Place {
  readonly folder: string;
  readonly registry: Registry;
}

/** Pushes a source under a name. */
type Writer = (source: SourceImage, name: string, kind: Kind, place: Place) => void;

const copySkopeo = (...args: readonly string[]): string =>
  run("skopeo", "copy", "-q", "--src-tls-verify=false", "--dest-tls-verify=false", ...args);

const WRITERS: Readonly<Record<string, Writer>> = {
  skopeo: ({ layout, tag }, name, { format, compression }, { folder }) => {
    const plain = mkdtempSync(`${folder}/plain-`);
    copySkopeo("--dest-decompress", `oci:${layout}:${tag}`, `dir:${plain}`);
    const flags = ["--format", format, "--dest-compress-format", compression];
    copySkopeo(...flags, `dir:${plain}`, `docker://${name}`);
  },
  podman: (source, name, kind) => pushWith("podman", source, name, kind),
  buildah: (source, name, kind) => pushWith("buildah", source, name, kind),
};

function pushWith(
  tool: "podman" | "buildah",
  { layout, tag }: SourceImage,
  name: string,
  { format, compression }: Kind,
): void {
  const id = run(tool, "pull", "-q", `oci:${layout}:${tag}`).trim();
  const flags = ["--tls-verify=false", "--format", format];
  const compress = tool === "podman" ? ["--compression-format", compression] : [];
  run(tool, "push", ...flags, ...compress, id, `docker://${name}`);
  run(tool, "rmi", "-f", id);
}

/** Pulls a name and returns the tree of the image. */
type Reader = (name: string, place: Place) => Tree;

const LIST = { folderTimes: false };

/** Podman and buildah give the root of each image a mode of their own. */
function listMount(target: string): Tree {
  const tree = new Map(listTree(target, LIST));
  tree.set(".", ROOT_LINE);
  return tree;
}

const ROOT_LINE = "folder 0755 0:0";

const READERS: Readonly<Record<string, Reader>> = {
  "skopeo and umoci": (name, { folder }) => {
    const bundle = mkdtempSync(`${folder}/umoci-`);
    copySkopeo(`docker://${name}`, `oci:${bundle}/layout:x`);
    return unpack(`${bundle}/layout:x`, `${bundle}/bundle`);
  },
  podman: (name) => {
    const id = run("podman", "pull", "-q", "--tls-verify=false", name).trim();
    const tree = listMount(run("podman", "image", "mount", id).trim());
    run("podman", "image", "umount", "-f", id);
    run("podman", "rmi", "-f", id);
    return tree;
  },
  buildah: (name) => {
    const container = run("buildah", "from", "-q", "--tls-verify=false", name).trim();
    const tree = listMount(run("buildah", "mount", container).trim());
    run("buildah", "rm", container);
    run("buildah", "rmi", "-f", name);
    return tree;
  },
};

function unpack(image: string, bundle: string): Tree {
  run("umoci", "unpack", "--image", image, bundle);
  return listTree(`${bundle}/rootfs`, LIST);
}

/** bunker with a store of its own. */
class Bunker {
  readonly #data: string;

  constructor(private readonly folder: string) {
    this.#data = mkdtempSync(`${folder}/bunker-`);
  }

  command(...args: readonly string[]): string {
    return run("env", `BUNKER_DATA=${this.#data}`, `HOME=${this.folder}`, BUNKER, ...args);
  }

  /** The tree that a container of the image would see. */
  async tree(name: string): Promise<Tree> {
    using store = ImageStore.open(this.#data);
    const layers = await store.ensureLayers(store.resolve(name));
    const [only] = layers;
    if (only !== undefined && layers.length === 1) return listTree(only.path, LIST);
    const target = mkdtempSync(`${this.folder}/mount-`);
    const lower = layers.map(({ path }) => path).join(":");
    run("mount", "-t", "overlay", "overlay", "-o", `ro,lowerdir=${lower}`, target);
    const tree = listTree(target, LIST);
    run("umount", target);
    return tree;
  }
}

let failures = 0;

/** Says how a case went; `work` returns what is wrong. */
async function check(title: string, work: () => Promise<readonly string[]>): Promise<boolean> {
  const problems = await work().catch((error: unknown) => [String(error)]);
  failures += problems.length === 0 ? 0 : 1;
  console.log(`${problems.length === 0 ? "ok  " : "FAIL"} ${title}`);
  for (const problem of problems.slice(0, 12)) console.log(`       ${problem}`);
  return problems.length === 0;
}

async function main(): Promise<void> {
  if (!existsSync(BUNKER)) throw new Error("dist/bunker is not there: run ./build.sh");
  process.env["STORAGE_DRIVER"] = "overlay";
  // Podman makes an image's name of a folder's, and that has no capitals.
  const folder = `${tmpdir()}/bunker-registry-${process.pid}`;
  mkdirSync(folder, { mode: 0o700 });
  try {
    using registry = await Registry.start(`${folder}/registry`);
    await exchangeAll({ folder, registry });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(failures === 0 ? "all as it should be" : `${failures} failed`);
  process.exitCode = failures === 0 ? 0 : 1;
}

async function exchangeAll(place: Place): Promise<void> {
  const { folder } = place;
  const busybox = run(`${PROJECT}/tests/harness/make-rootfs.sh`, "busybox").trim();
  for (const kind of KINDS) {
    for (const [writer, write] of Object.entries(WRITERS)) {
      // Buildah 1.28 writes no zstd.
      if (kind.compression === "zstd" && writer === "buildah") continue;
      // Each image has layers of its own, or a tool would find them in the registry.
      const key = `${writer}-${kind.format}-${kind.compression}`;
      const source = makeSource(folder, busybox, key, key);
      const wanted = unpack(`${source.layout}:${source.tag}`, `${folder}/wanted-${key}`);
      await exchange(key, source, wanted, kind, write, place);
    }
  }
  await exchangePlatforms(busybox, place);
}

async function exchange(
  key: string,
  source: SourceImage,
  wanted: Tree,
  kind: Kind,
  write: Writer,
  place: Place,
): Promise<void> {
  const { folder, registry } = place;
  const [name, back] = [`${registry.host}/from/${key}:v1`, `${registry.host}/back/${key}:v1`];
  const bunker = new Bunker(folder);
  const isHere = await check(`${key}: bunker pulls the same tree`, async () => {
    write(source, name, kind, place);
    const manifest = run("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`);
    const isZstd = manifest.includes("zstd");
    if (isZstd !== (kind.compression === "zstd")) return [`not ${kind.compression}: ${manifest}`];
    bunker.command("pull", "-q", name);
    return compareTrees(wanted, await bunker.tree(name));
  });
  if (!isHere) return;
  await check(`${key}: a second pull costs one request`, async () => {
    const before = registry.requests.length;
    bunker.command("pull", "-q", name);
    const requests = registry.requests.slice(before);
    return requests.length === 1 ? [] : requests;
  });
  await check(`${key}: bunker pushes the same manifest`, async () => {
    bunker.command("tag", name, back);
    bunker.command("push", "-q", back);
    const digests = await Promise.all([name, back].map((each) => registry.digestOf(each)));
    return digests[0] === digests[1] ? [] : digests;
  });
  for (const [reader, read] of Object.entries(READERS)) {
    // umoci 0.4 knows no zstd.
    if (kind.compression === "zstd" && reader.includes("umoci")) continue;
    await check(`${key}: ${reader} pulls the same tree from there`, async () =>
      compareTrees(wanted, read(back, place)),
    );
  }
}

async function exchangePlatforms(busybox: string, place: Place): Promise<void> {
  const { folder, registry } = place;
  const own = process.arch === "arm64" ? "arm64" : "amd64";
  const other = own === "arm64" ? "amd64" : "arm64";
  const trees = new Map<string, Tree>();
  const sources = [own, other].map((architecture) => {
    const source = makeSource(folder, busybox, `multi-${architecture}`, architecture);
    const image = `${source.layout}:${source.tag}`;
    run("umoci", "config", "--image", image, "--architecture", architecture);
    trees.set(architecture, unpack(image, `${folder}/wanted-multi-${architecture}`));
    return { ...source, architecture };
  });
  for (const format of ["oci", "v2s2"]) {
    const name = `${registry.host}/multi/${format}:v1`;
    const list = `list-${format}`;
    run("buildah", "manifest", "create", list);
    for (const { layout, tag, architecture } of sources) {
      const platform = ["--os", "linux", "--arch", architecture];
      run("buildah", "manifest", "add", ...platform, list, `oci:${layout}:${tag}`);
    }
    const flags = ["--all", "--tls-verify=false", "--format", format];
    run("buildah", "manifest", "push", ...flags, list, `docker://${name}`);
    const bunker = new Bunker(folder);
    await check(`${list}: bunker pulls this machine's image`, async () => {
      bunker.command("pull", "-q", name);
      return compareTrees(trees.get(own) ?? new Map(), await bunker.tree(name));
    });
    await check(`${list}: a second pull costs one request`, async () => {
      const before = registry.requests.length;
      bunker.command("pull", "-q", name);
      const requests = registry.requests.slice(before);
      return requests.length === 1 ? [] : requests;
    });
    await check(`${list}: bunker pulls the image of --platform`, async () => {
      const foreign = new Bunker(folder);
      foreign.command("pull", "-q", "--platform", `linux/${other}`, name);
      return compareTrees(trees.get(other) ?? new Map(), await foreign.tree(name));
    });
  }
}

if (process.argv[2] === "--inside") await main();
else enterOwnMounts();
