// Images by way of a registry: skopeo, podman, buildah and docker push and bunker pulls, then the other way
// round, for both kinds of manifests, gzip and zstd, one platform and several; each unpacked tree is
// compared with umoci's, file by file. `bun tests/conformance/registry.ts`, as root, after
// ./build.sh. It installs what it needs and ends with 1 if anything differs.
//
// The tools' own stores are below mounts of this script's, which end with it.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { removeTreeDeep } from "../../src/image/layer/remove-tree.ts";
import { compareTrees, listTree, type Tree } from "../harness/tree-listing.ts";
import { PrivateDocker } from "../../bench/private-docker.ts";
import { BUNKER, Bunker, Cases, LIST, PROJECT, unpack, withoutRoot } from "./images/exchange.ts";
import { isInOwnMounts, runInOwnMounts } from "./images/own-mounts.ts";
import { makeSource, type SourceImage } from "./images/source.ts";
import { installPackages, Registry, run } from "./images/tools.ts";

const PACKAGES = [
  "attr",
  "buildah",
  "docker-registry",
  "docker.io",
  "libcap2-bin",
  "openssl",
  "podman",
  "skopeo",
  "tar",
  "umoci",
];

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
  readonly docker: PrivateDocker;
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
  docker: ({ layout, tag }, name, _, { folder, docker }) => {
    const archive = `${folder}/given-${tag}`;
    copySkopeo(`oci:${layout}:${tag}`, `docker-archive:${archive}:${name}`);
    docker.run("load", "-q", "-i", archive);
    docker.run("push", "-q", name);
    docker.run("rmi", "-f", name);
  },
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

const READERS: Readonly<Record<string, Reader>> = {
  "skopeo and umoci": (name, { folder }) => {
    const bundle = mkdtempSync(`${folder}/umoci-`);
    copySkopeo(`docker://${name}`, `oci:${bundle}/layout:x`);
    return unpack(`${bundle}/layout:x`, `${bundle}/bundle`);
  },
  podman: (name) => {
    const id = run("podman", "pull", "-q", "--tls-verify=false", name).trim();
    const tree = withoutRoot(listTree(run("podman", "image", "mount", id).trim(), LIST));
    run("podman", "image", "umount", "-f", id);
    run("podman", "rmi", "-f", id);
    return tree;
  },
  buildah: (name) => {
    const container = run("buildah", "from", "-q", "--tls-verify=false", name).trim();
    const tree = withoutRoot(listTree(run("buildah", "mount", container).trim(), LIST));
    run("buildah", "rm", container);
    run("buildah", "rmi", "-f", name);
    return tree;
  },
  docker: (name, { folder, docker }) => {
    docker.run("pull", "-q", name);
    const bundle = mkdtempSync(`${folder}/docker-`);
    docker.run("save", "-o", `${bundle}/saved`, name);
    docker.run("rmi", "-f", name);
    copySkopeo(`docker-archive:${bundle}/saved:${name}`, `oci:${bundle}/layout:x`);
    return unpack(`${bundle}/layout:x`, `${bundle}/bundle`);
  },
};

const cases = new Cases();

async function main(): Promise<void> {
  if (!existsSync(BUNKER)) throw new Error("dist/bunker is not there: run ./build.sh");
  // Not on a tmpfs, which may lack attributes; podman makes names of folders', without capitals.
  const folder = `/var/tmp/bunker-registry-${process.pid}`;
  mkdirSync(folder, { mode: 0o700 });
  try {
    using docker = await PrivateDocker.start(`${folder}/docker`);
    using registry = await Registry.start(`${folder}/registry`);
    await exchangeAll({ folder, registry, docker });
  } finally {
    removeTreeDeep(folder);
  }
  cases.finish();
}

async function exchangeAll(place: Place): Promise<void> {
  const { folder } = place;
  const busybox = run(`${PROJECT}/tests/harness/make-rootfs.sh`, "busybox").trim();
  for (const kind of KINDS) {
    for (const [writer, write] of Object.entries(WRITERS)) {
      if (!canWrite(writer, kind)) continue;
      // Each image has layers of its own, or a tool would find them in the registry.
      const key = `${writer}-${kind.format}-${kind.compression}`;
      const source = makeSource(folder, busybox, key, key);
      const wanted = unpack(`${source.layout}:${source.tag}`, `${folder}/wanted-${key}`);
      await exchange(key, source, wanted, kind, write, place);
    }
  }
  await exchangePlatforms(busybox, place);
  await exchangeWithLogin(busybox, place);
}

const SECRET = "s3cr3t";

/** A registry with a certificate of its own and a name that it knows. */
async function exchangeWithLogin(busybox: string, { folder }: Place): Promise<void> {
  const guard = { cert: `${folder}/ca.crt`, key: `${folder}/key`, htpasswd: `${folder}/htpasswd` };
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  const files = ["-keyout", guard.key, "-out", guard.cert];
  run("openssl", "req", "-x509", ...curve, "-days", "2", ...subject, ...files);
  const hash = await Bun.password.hash(SECRET, { algorithm: "bcrypt", cost: 5 });
  writeFileSync(guard.htpasswd, `alice:${hash}\n`);
  using registry = await Registry.start(`${folder}/guarded`, guard);
  const source = makeSource(folder, busybox, "login", "login");
  const wanted = unpack(`${source.layout}:${source.tag}`, `${folder}/wanted-login`);
  const name = `${registry.host}/private/app:v1`;
  const bunker = new Bunker(folder);
  const trust = ["--cert-dir", `${folder}/certs`];
  mkdirSync(`${folder}/certs`);
  copyFileSync(guard.cert, `${folder}/certs/ca.crt`);
  const refusal = (...args: readonly string[]): string => {
    try {
      return `not refused: ${bunker.command(...args)}`;
    } catch (error) {
      return String(error);
    }
  };
  const mustSay = (said: string, wantedWords: string): string[] =>
    said.includes(wantedWords) && !said.includes(SECRET) ? [] : [said];
  await cases.check("a guarded registry refuses strangers and wrong passwords", async () => {
    const login = ["login", "-u", "alice", "-p", "wrong", ...trust, registry.host];
    return [
      ...mustSay(refusal("pull", ...trust, name), "pull access denied"),
      ...mustSay(refusal("pull", "--tls-verify=true", name), "certificate"),
      ...mustSay(refusal(...login), "incorrect username or password"),
    ];
  });
  await cases.check(
    "a login lets bunker push and pull, and podman with the same file",
    async () => {
      copySkopeo(
        `oci:${source.layout}:${source.tag}`,
        `docker-archive:${folder}/login.tar:${name}`,
      );
      bunker.command("load", "-q", "-i", `${folder}/login.tar`);
      bunker.command("login", "-u", "alice", "-p", SECRET, ...trust, registry.host);
      bunker.command("push", "-q", ...trust, name);
      const authfile = `${folder}/.docker/config.json`;
      const id = run("podman", "pull", "-q", "--authfile", authfile, ...trust, name).trim();
      const tree = listTree(run("podman", "image", "mount", id).trim(), LIST);
      run("podman", "rmi", "-f", id);
      const other = new Bunker(folder);
      other.command("pull", "-q", ...trust, name);
      const trees = [tree, await other.tree()];
      return trees.flatMap((each) => compareTrees(withoutRoot(wanted), withoutRoot(each)));
    },
  );
  await cases.check("what podman's login has written lets bunker in", async () => {
    bunker.command("logout", registry.host);
    const before = mustSay(refusal("pull", ...trust, name), "pull access denied");
    const authfile = ["--authfile", `${folder}/.docker/config.json`];
    run("podman", "login", ...authfile, "-u", "alice", "-p", SECRET, ...trust, registry.host);
    new Bunker(folder).command("pull", "-q", ...trust, name);
    return before;
  });
}

/** Buildah 1.28 writes no zstd, and docker 20.10 neither that nor OCI's manifests. */
function canWrite(writer: string, { format, compression }: Kind): boolean {
  if (writer === "docker") return format === "v2s2";
  return writer !== "buildah" || compression === "gzip";
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
  const isHere = await cases.check(`${key}: bunker pulls the same tree`, async () => {
    write(source, name, kind, place);
    const manifest = run("skopeo", "inspect", "--raw", "--tls-verify=false", `docker://${name}`);
    const isZstd = manifest.includes("zstd");
    if (isZstd !== (kind.compression === "zstd")) return [`not ${kind.compression}: ${manifest}`];
    bunker.command("pull", "-q", name);
    return compareTrees(wanted, await bunker.tree());
  });
  if (!isHere) return;
  await cases.check(`${key}: a second pull costs one request`, async () => {
    const before = registry.requests.length;
    bunker.command("pull", "-q", name);
    const requests = registry.requests.slice(before);
    return requests.length === 1 ? [] : requests;
  });
  await cases.check(`${key}: bunker pushes the same manifest`, async () => {
    bunker.command("tag", name, back);
    bunker.command("push", "-q", back);
    const digests = await Promise.all([name, back].map((each) => registry.digestOf(each)));
    return digests[0] === digests[1] ? [] : digests;
  });
  for (const [reader, read] of Object.entries(READERS)) {
    // What umoci 0.4 and docker 20.10 know no zstd for.
    if (kind.compression === "zstd" && /umoci|docker/.test(reader)) continue;
    await cases.check(`${key}: ${reader} pulls the same tree from there`, async () =>
      compareTrees(withoutRoot(wanted), withoutRoot(read(back, place))),
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
    await cases.check(`${list}: bunker pulls this machine's image`, async () => {
      bunker.command("pull", "-q", name);
      return compareTrees(trees.get(own) ?? new Map(), await bunker.tree());
    });
    await cases.check(`${list}: a second pull costs one request`, async () => {
      const before = registry.requests.length;
      bunker.command("pull", "-q", name);
      const requests = registry.requests.slice(before);
      return requests.length === 1 ? [] : requests;
    });
    await cases.check(`${list}: bunker pulls the image of --platform`, async () => {
      const foreign = new Bunker(folder);
      foreign.command("pull", "-q", "--platform", `linux/${other}`, name);
      return compareTrees(trees.get(other) ?? new Map(), await foreign.tree());
    });
  }
}

if (isInOwnMounts()) await main();
else {
  installPackages(...PACKAGES);
  runInOwnMounts(import.meta.path);
}
