// Images by way of archives and folders: skopeo, podman, buildah, umoci and docker write and bunker
// loads, then the other way round, for docker-archive, oci-archive, OCI layouts and dir:; each tree
// is compared with umoci's, file by file. `bun tests/conformance/archives.ts`, as root, after
// ./build.sh. It installs what it needs and ends with 1 if anything differs.
//
// The tools' own stores are below mounts of this script's, which end with it.
import { existsSync, mkdirSync, mkdtempSync } from "node:fs";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { compareTrees, listTree, type Tree } from "../harness/tree-listing.ts";
import { PrivateDocker } from "../../bench/private-docker.ts";
import { BUNKER, Bunker, Cases, LIST, PROJECT, unpack, withoutRoot } from "./images/exchange.ts";
import { isInOwnMounts, runInOwnMounts } from "./images/own-mounts.ts";
import { makeSource, type SourceImage } from "./images/source.ts";
import { installPackages, run } from "./images/tools.ts";

const PACKAGES = [
  "attr",
  "buildah",
  "docker.io",
  "libcap2-bin",
  "podman",
  "skopeo",
  "tar",
  "umoci",
];

// ------------------------------------------------------------- the tools

const KINDS = ["docker-archive", "oci-archive", "oci", "dir"] as const;
type Kind = (typeof KINDS)[number];

/** How podman's and bunker's `save --format` call them. */
const FORMATS: Readonly<Record<Kind, string>> = {
  "docker-archive": "docker-archive",
  "oci-archive": "oci-archive",
  oci: "oci-dir",
  dir: "docker-dir",
};

const copySkopeo = (...args: readonly string[]): string =>
  run("skopeo", "copy", "-q", "--insecure-policy", ...args);

interface Site {
  readonly folder: string;
  readonly docker: PrivateDocker;
}

/** Writes an image to a path. False: this tool does not write that kind. */
type Writer = (source: SourceImage, kind: Kind, path: string, name: string, site: Site) => boolean;

function podmanSave({ layout, tag }: SourceImage, kind: Kind, path: string, name: string): boolean {
  const id = run("podman", "pull", "-q", `oci:${layout}:${tag}`).trim();
  run("podman", "tag", id, name);
  run("podman", "save", "-q", "--format", FORMATS[kind], "-o", path, name);
  run("podman", "rmi", "-f", id);
  return true;
}

function buildahPush(
  { layout, tag }: SourceImage,
  kind: Kind,
  path: string,
  name: string,
): boolean {
  const id = run("buildah", "pull", "-q", `oci:${layout}:${tag}`).trim();
  run("buildah", "push", "-q", id, kind === "dir" ? `dir:${path}` : `${kind}:${path}:${name}`);
  run("buildah", "rmi", "-f", id);
  return true;
}

/** Docker has its images from an archive of skopeo's, and gives them its own shape. */
function dockerSave(
  source: SourceImage,
  kind: Kind,
  path: string,
  name: string,
  site: Site,
): boolean {
  if (kind !== "docker-archive") return false;
  const given = `${path}.given`;
  copySkopeo(`oci:${source.layout}:${source.tag}`, `docker-archive:${given}:${name}`);
  site.docker.run("load", "-q", "-i", given);
  site.docker.run("save", "-o", path, name);
  site.docker.run("rmi", "-f", name);
  return true;
}

const WRITERS: Readonly<Record<string, Writer>> = {
  skopeo: ({ layout, tag }, kind, path, name) => {
    const target = kind === "dir" ? `dir:${path}` : `${kind}:${path}:${name}`;
    copySkopeo(`oci:${layout}:${tag}`, target);
    return true;
  },
  podman: podmanSave,
  buildah: buildahPush,
  docker: dockerSave,
  umoci: ({ layout }, kind, path) => {
    if (kind !== "oci") return false;
    run("cp", "-r", layout, path);
    return true;
  },
};

/** The tree of the image at a path; undefined: this tool does not read that kind. */
type Reader = (kind: Kind, path: string, name: string, site: Site) => Tree | undefined;

const sourceName = (kind: Kind, path: string, name: string): string =>
  kind === "dir" ? `dir:${path}` : `${kind}:${path}:${name}`;

const READERS: Readonly<Record<string, Reader>> = {
  "skopeo and umoci": (kind, path, name, { folder }) => {
    const bundle = mkdtempSync(`${folder}/umoci-`);
    copySkopeo(sourceName(kind, path, name), `oci:${bundle}/layout:x`);
    return unpack(`${bundle}/layout:x`, `${bundle}/bundle`);
  },
  podman: (kind, path, name) => {
    const isArchive = kind.endsWith("-archive");
    if (isArchive) run("podman", "load", "-q", "-i", path);
    else run("podman", "pull", "-q", sourceName(kind, path, name));
    const id = run("podman", "images", "-q", "--no-trunc").trim().split("\n")[0] ?? "";
    if (isArchive) run("podman", "image", "exists", name);
    const tree = withoutRoot(listTree(run("podman", "image", "mount", id).trim(), LIST));
    run("podman", "image", "umount", "-f", id);
    run("podman", "rmi", "-f", id);
    return tree;
  },
  buildah: (kind, path, name) => {
    const container = run("buildah", "from", "-q", sourceName(kind, path, name)).trim();
    const tree = withoutRoot(listTree(run("buildah", "mount", container).trim(), LIST));
    run("buildah", "rm", container);
    run("buildah", "rmi", "-a", "-f");
    return tree;
  },
  docker: (kind, path, name, { docker, folder }) => {
    if (!kind.endsWith("-archive")) return undefined;
    // Docker's own store reads no OCI archive.
    if (kind === "oci-archive") return undefined;
    docker.run("load", "-q", "-i", path);
    const bundle = mkdtempSync(`${folder}/docker-`);
    docker.run("save", "-o", `${bundle}/saved`, name);
    docker.run("rmi", "-f", name);
    copySkopeo(`docker-archive:${bundle}/saved:${name}`, `oci:${bundle}/layout:x`);
    return unpack(`${bundle}/layout:x`, `${bundle}/bundle`);
  },
};

// ------------------------------------------------------------- the matrix

const cases = new Cases();

async function exchange(site: Site, source: SourceImage, wanted: Tree): Promise<void> {
  const { folder } = site;
  for (const kind of KINDS) {
    for (const [writer, write] of Object.entries(WRITERS)) {
      await cases.check(`${writer} writes ${kind}, bunker loads the same tree`, async () => {
        const path = `${folder}/${writer}-${kind}`;
        if (!write(source, kind, path, "docker.io/library/exchange:v1", site)) return undefined;
        const bunker = new Bunker(folder);
        bunker.command("load", "-q", "-i", `${kind}:${path}`);
        return [...compareTrees(wanted, await bunker.tree()), ...bunker.check()];
      });
    }
    const path = `${folder}/saved-${kind}`;
    const name = "docker.io/library/exchange:v2";
    await cases.check(`bunker saves ${kind}`, async () => {
      const bunker = new Bunker(folder);
      bunker.command("load", "-q", "-i", `oci:${source.layout}:${source.tag}`);
      const id = bunker.command("images", "-q", "--no-trunc").trim();
      bunker.command("tag", id, name);
      bunker.command("save", "--format", FORMATS[kind], "-o", path, name);
      return [];
    });
    for (const [reader, read] of Object.entries(READERS)) {
      await cases.check(`bunker writes ${kind}, ${reader} reads the same tree`, async () => {
        const tree = read(kind, path, name, site);
        if (tree === undefined) return undefined;
        return compareTrees(withoutRoot(wanted), withoutRoot(tree));
      });
    }
  }
}

async function main(): Promise<void> {
  if (!existsSync(BUNKER)) throw new Error("dist/bunker is not there: run ./build.sh");
  // Not on a tmpfs, which may lack attributes; podman makes names of folders', without capitals.
  const folder = `/var/tmp/bunker-archives-${process.pid}`;
  mkdirSync(folder, { mode: 0o700 });
  try {
    using docker = await PrivateDocker.start(`${folder}/docker`);
    const busybox = run(`${PROJECT}/tests/harness/make-rootfs.sh`, "busybox").trim();
    const source = makeSource(folder, busybox, "exchange", "archives");
    const wanted = unpack(`${source.layout}:${source.tag}`, `${folder}/wanted`);
    await exchange({ folder, docker }, source, wanted);
  } finally {
    if (process.env["KEEP"] === undefined) removeTreeDeep(folder);
  }
  cases.finish();
}

if (isInOwnMounts()) await main();
else {
  installPackages(...PACKAGES);
  runInOwnMounts(import.meta.path);
}
