// Looks at everything in the store, finds what is damaged or left over, and mends what can be.

import { fileType, listDirectory, readTextIfThere } from "../../../ffi/files.ts";
import type { Digest } from "../digest.ts";
import { DigestHasher, isDigest } from "../digest.ts";
import { removeTreeDeep } from "../layer/remove-tree.ts";
import { type Descriptor, isIndex, REF_NAME } from "../types.ts";
import { chainIds } from "./layers.ts";
import { mark } from "./sweep.ts";
import type { ImageStore } from "./store.ts";

export interface Finding {
  /** One line, lower case. */
  readonly what: string;
  /** How it was, or would be, mended; undefined where only a pull or load can. */
  readonly repair?: string;
  readonly isRepaired: boolean;
  /** No damage: a killed command's rest, which takes room until somebody sweeps. */
  readonly isLeftover?: boolean;
}

export interface CheckOptions {
  readonly repair: boolean;
  /** Whether every blob is hashed; without, sizes and what can be read are looked at. */
  readonly verify: boolean;
  /** Manifests that containers use, whether an image has them or not: their layers stay. */
  readonly inUse?: readonly Descriptor[];
}

/** The store must be this process's alone where it is to be repaired. */
export function checkStore(
  store: ImageStore,
  options: CheckOptions & { readonly alone: boolean },
): Finding[] {
  const findings: Finding[] = [];
  const add = (what: string, repair?: string, mend?: () => void, isLeftover = false) => {
    const isRepaired = options.repair && mend !== undefined;
    if (isRepaired) mend();
    const more = { ...(repair !== undefined && { repair }), ...(isLeftover && { isLeftover }) };
    findings.push({ what, isRepaired, ...more });
  };
  const report: Report = (what, repair, mend) => add(what, repair, mend);
  const tell: Report = (what, repair, mend) => add(what, repair, mend, true);
  checkIndex(store, report);
  checkBlobs(store, options, report);
  checkImages(store, report);
  checkLayers(store, report);
  // While others use the store, what is unfinished or unreferenced is theirs.
  if (options.alone) checkLeftovers(store, options.inUse ?? [], tell);
  return findings;
}

type Report = (what: string, repair?: string, mend?: () => void) => void;

function checkIndex(store: ImageStore, report: Report): void {
  try {
    store.entries();
  } catch {
    report("index.json cannot be read: the names of all images are lost", "begun anew", () =>
      store.rebuildIndex(),
    );
  }
}

function checkBlobs(store: ImageStore, { verify }: CheckOptions, report: Report): void {
  for (const { name } of listDirectory(store.paths.blobs) ?? []) {
    const digest = `sha256:${name}`;
    const path = `${store.paths.blobs}/${name}`;
    if (!isDigest(digest)) {
      report(`"${name}" among the blobs is none`, "removed", () => removeTreeDeep(path));
    } else if (verify && hashFile(path) !== digest) {
      report(`blob ${digest} is damaged`, "removed", () => store.blobs.remove(digest));
    }
  }
}

function hashFile(path: string): Digest {
  const { closeSync, openSync, readSync } = process.getBuiltinModule("node:fs");
  const hash = new DigestHasher();
  const fd = openSync(path, "r");
  try {
    const buffer = new Uint8Array(1024 * 1024);
    for (;;) {
      const count = readSync(fd, buffer);
      if (count === 0) return hash.digest();
      hash.update(buffer.subarray(0, count));
    }
  } finally {
    closeSync(fd);
  }
}

/** An image that misses something loses its name: with it, a pull would take it for whole. */
function checkImages(store: ImageStore, report: Report): void {
  for (const entry of entriesOf(store)) {
    const missing = missingOf(entry, store);
    if (missing === undefined) continue;
    const name = entry.annotations?.[REF_NAME] ?? entry.digest;
    report(`image "${name}" is incomplete: ${missing}`, "removed: pull or load it again", () =>
      store.dropEntry(entry),
    );
  }
}

function entriesOf(store: ImageStore): readonly Descriptor[] {
  try {
    return store.entries();
  } catch {
    return [];
  }
}

function missingOf(entry: Descriptor, store: ImageStore): string | undefined {
  try {
    const descriptor = store.platformManifest(entry);
    if (descriptor === undefined) return "none of its platforms is there whole";
    const manifest = store.readManifest(descriptor);
    if (isIndex(manifest)) return "its manifest is an index";
    const { rootfs } = store.readConfig(manifest.config);
    for (const { digest, size } of manifest.layers) {
      const found = store.blobs.size(digest);
      if (found === undefined) return `layer ${digest} is missing`;
      if (found !== size) return `layer ${digest} has ${found} bytes instead of ${size}`;
    }
    if (rootfs.diff_ids.length !== manifest.layers.length) return "its layers are not as many";
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A layer without what belongs to it is unpacked again by the next run of its image. */
function checkLayers(store: ImageStore, report: Report): void {
  for (const { name } of listDirectory(store.paths.layers) ?? []) {
    if (name === "l") continue;
    const path = `${store.paths.layers}/${name}`;
    const chainId: Digest = `sha256:${name}`;
    if (!isDigest(chainId)) {
      report(`"${name}" among the layers is none`, "removed", () => removeTreeDeep(path));
      continue;
    }
    const link = readTextIfThere(`${path}/id`);
    const isWhole = link !== undefined && fileType(`${path}/diff`) !== 0;
    if (!isWhole || fileType(`${store.paths.links}/${link}`) === 0) {
      report(`layer ${chainId} is incomplete`, "removed, to be unpacked again", () =>
        store.layers.remove(chainId),
      );
    }
  }
}

/** What a killed command left: no damage, but room on the disk. */
function checkLeftovers(store: ImageStore, inUse: readonly Descriptor[], report: Report): void {
  const unfinished = listDirectory(store.paths.ingest) ?? [];
  if (unfinished.length > 0) {
    report(`${unfinished.length} unfinished downloads or layers`, "removed", () =>
      store.removeUnfinished(),
    );
  }
  const marks = mark([...entriesOf(store), ...inUse], store);
  const blobs = store.blobs.list().filter((digest) => !marks.blobs.has(digest));
  for (const digest of blobs) {
    report(`blob ${digest} belongs to no image`, "removed", () => store.blobs.remove(digest));
  }
  if (marks.unreadable.length > 0) return;
  for (const chainId of store.layers.list()) {
    if (marks.layers.has(chainId)) continue;
    report(`layer ${chainId} belongs to no image`, "removed", () => store.layers.remove(chainId));
  }
}

/** Compares each unpacked layer with its blob, file by file. A damaged one is unpacked again. */
export async function checkContents(store: ImageStore, options: CheckOptions): Promise<Finding[]> {
  const damaged = await findDamaged(store);
  if (damaged.size === 0) return [];
  const used = mark(options.inUse ?? [], store).layers;
  const removed = options.repair
    ? store.removeLayers([...damaged.keys()].filter((chainId) => !used.has(chainId)))
    : [];
  return [...damaged].map(([chainId, problems]): Finding => {
    const more = problems.length > 1 ? `, and ${problems.length - 1} more` : "";
    const what = `layer ${chainId} is damaged: ${problems[0]}${more}`;
    if (used.has(chainId)) {
      return { what: `${what}; a container uses it, remove that first`, isRepaired: false };
    }
    const repair = "removed, to be unpacked again";
    return { what, repair, isRepaired: removed.includes(chainId) };
  });
}

async function findDamaged(store: ImageStore): Promise<ReadonlyMap<Digest, readonly string[]>> {
  const damaged = new Map<Digest, readonly string[]>();
  const seen = new Set<Digest>();
  for (const { manifest } of store.list()) {
    const document = store.readManifest(manifest);
    if (isIndex(document) || !store.hasBlob(document.config.digest)) continue;
    const { layers, config } = document;
    const { diff_ids: diffIds } = store.readConfig(config).rootfs;
    for (const [i, chainId] of chainIds(diffIds).entries()) {
      const [blob, layer] = [layers[i], store.layers.find(chainId)];
      if (blob === undefined || layer === undefined || seen.has(chainId)) continue;
      seen.add(chainId);
      // Without its blob there is nothing to compare it with; that is told elsewhere.
      if (!store.hasBlob(blob.digest)) continue;
      const problems = await store.layers.verify(layer, blob);
      if (problems.length > 0) damaged.set(chainId, problems);
    }
  }
  return damaged;
}
