// The image of a run: found, or pulled as the policy says, and its layers unpacked.

import type { Fd } from "../../../ffi/fd.ts";
import { UserError } from "../../errors.ts";
import { parsePlatform } from "../../image/platform.ts";
import { formatFamiliar, formatReference } from "../../image/reference.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import { type ContainerConfig, type Descriptor, isIndex } from "../../image/types.ts";
import type { RunOptions } from "../run-options.ts";
import { mountLayers } from "./mount-layers.ts";
import { canonicalReference, findImage, openStore } from "./open-store.ts";

/** An image that a container can be made of; its layers stay while it is not disposed. */
export interface RunImage extends Disposable {
  readonly id: string;
  /** As the user wrote it. */
  readonly name: string;
  readonly manifest: Descriptor;
  readonly config: ContainerConfig;
  /** The layers, the topmost first: names in the folder `links`, or whole paths without one. */
  readonly lower: readonly string[];
  readonly links: string;
  /** Where its files can be looked at; undefined where this process may not mount. */
  readonly rootPath: string | undefined;
}

type RunImageOptions = Pick<RunOptions, "pull" | "platform" | "quiet" | "pullProgress">;

/**
 * The image that a text means.
 * @param isLookOnly nothing is pulled or unpacked
 * @param pinned what the container has had before, whatever the text means by now
 * @throws UserError for an image that is not there and is not to be pulled
 */
export async function findRunImage(
  text: string,
  options: RunImageOptions,
  isLookOnly: boolean,
  pinned?: { readonly id: string; readonly manifest: Descriptor },
): Promise<RunImage> {
  const store = openStore();
  try {
    store.hold();
    const image = pinned ?? (await findOrPull(text, options, store, isLookOnly));
    return await openImage(text, image, store);
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

async function findOrPull(
  text: string,
  options: RunImageOptions,
  store: ImageStore,
  isLookOnly: boolean,
): Promise<StoredImage> {
  const { pull = "missing", platform } = options;
  const found =
    pull === "always" && !isLookOnly
      ? undefined
      : (findNamed(text, platform, store) ?? findImage(store, text));
  if (found !== undefined) return found;
  const reference = canonicalReference(text);
  const shown = reference === undefined ? text : formatFamiliar(reference);
  if (pull === "never" || reference === undefined) throw new UserError(`No such image: ${shown}`);
  if (isLookOnly) {
    throw new UserError(
      `No such image: ${shown}`,
      `'bunker pull ${shown}' first: explain does not`,
    );
  }
  const { pullForRun } = await import("./pull-for-run.ts");
  return pullForRun(reference, options, pull !== "always", store);
}

/** Start-up time: by its name alone, however many images there are. */
function findNamed(
  text: string,
  platform: string | undefined,
  store: ImageStore,
): StoredImage | undefined {
  const isId = /^(sha256:)?[0-9a-f]{1,64}$/.test(text);
  const reference = isId ? undefined : canonicalReference(text);
  if (reference === undefined) return undefined;
  const name = formatReference(reference);
  const top = store.references().get(name);
  const wanted = platform === undefined ? undefined : parsePlatform(platform);
  const manifest = top && store.platformManifest(top, wanted);
  if (top === undefined || manifest === undefined) return undefined;
  const document = store.readManifest(manifest);
  if (isIndex(document)) return undefined;
  return { id: document.config.digest, manifest, top, names: [name] };
}

async function openImage(
  text: string,
  image: { readonly id: string; readonly manifest: Descriptor },
  store: ImageStore,
): Promise<RunImage> {
  const manifest = store.readManifest(image.manifest);
  if (isIndex(manifest)) throw new UserError(`"${text}" has no image for this machine`);
  const { config = {} } = store.readConfig(manifest.config);
  const layers = await store.ensureLayers(image);
  const root = tryMount(layers.map(({ path }) => path));
  return {
    id: image.id,
    name: text,
    manifest: image.manifest,
    config,
    lower: layers.map(({ link }) => link),
    links: store.paths.links,
    rootPath: root && `/proc/self/fd/${root.number}`,
    [Symbol.dispose]: () => {
      root?.[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

/** `explain` may be asked by somebody who is not root. */
function tryMount(lower: readonly string[]): Fd | undefined {
  return process.geteuid?.() === 0 ? mountLayers(lower) : undefined;
}
