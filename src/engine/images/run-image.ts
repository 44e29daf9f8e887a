// The image of a run: found, or pulled as the policy says, and its layers unpacked.

import { geteuid } from "../../../ffi/identity.ts";
import { UserError } from "../../errors.ts";
import {
  formatPlatform,
  matchesPlatform,
  parsePlatform,
  thisPlatform,
} from "../../image/platform.ts";
import { formatFamiliar, formatReference } from "../../image/reference.ts";
import { digestHex } from "../../image/digest.ts";
import { chainIds } from "../../image/store/layers.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import {
  type ContainerConfig,
  type Descriptor,
  type ImageConfig,
  isIndex,
} from "../../image/types.ts";
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
  /** A line each. */
  readonly warnings: readonly string[];
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
  const isRoot = geteuid() === 0;
  try {
    if (isRoot) store.hold();
    const image = pinned ?? (await findOrPull(text, options, store, isLookOnly));
    const open = isRoot ? openImage : describeImage;
    return await open(text, image, options, store);
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
  const mismatch = found && findMismatch(text, found, platform, store);
  if (found !== undefined && mismatch === undefined) return found;
  if (mismatch !== undefined && pull === "never") throw new UserError(mismatch);
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

/** Why an image is not for the platform that was asked for; undefined where it is. */
function findMismatch(
  text: string,
  { manifest }: StoredImage,
  platform: string | undefined,
  store: ImageStore,
): string | undefined {
  if (platform === undefined) return undefined;
  const wanted = parsePlatform(platform);
  const config = readConfig(text, manifest, store);
  if (matchesPlatform(config, wanted)) return undefined;
  const [asked, actual] = [formatPlatform(wanted), formatPlatform(config)];
  return `image with reference ${text} was found but does not match the specified platform: wanted ${asked}, actual: ${actual}`;
}

/** docker's words, where nobody has asked for another machine's image. */
function listWarnings(config: ImageConfig, { platform }: RunImageOptions): string[] {
  const here = thisPlatform();
  if (platform !== undefined || matchesPlatform(config, here)) return [];
  const [theirs, ours] = [formatPlatform(config), formatPlatform(here)];
  return [
    `the requested image's platform (${theirs}) does not match the detected host platform (${ours}) and no specific platform was requested`,
  ];
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
  options: RunImageOptions,
  store: ImageStore,
): Promise<RunImage> {
  const configuration = readConfig(text, image.manifest, store);
  const layers = await store.ensureLayers(image);
  // By their short names, of which more fit into one value of fsconfig(2).
  const root = mountLayers(layers.map(({ link }) => `${store.paths.links}/${link}`));
  return {
    id: image.id,
    name: text,
    manifest: image.manifest,
    config: configuration.config ?? {},
    warnings: listWarnings(configuration, options),
    lower: layers.map(({ link }) => link),
    links: store.paths.links,
    rootPath: `/proc/self/fd/${root.number}`,
    [Symbol.dispose]: () => {
      root[Symbol.dispose]();
      store[Symbol.dispose]();
    },
  };
}

/** For `explain` by somebody who is not root: the layers are closed to them. */
function describeImage(
  text: string,
  { id, manifest }: { readonly id: string; readonly manifest: Descriptor },
  options: RunImageOptions,
  store: ImageStore,
): RunImage {
  const configuration = readConfig(text, manifest, store);
  const { config = {} } = configuration;
  const warnings = listWarnings(configuration, options);
  const lower = chainIds(configuration.rootfs.diff_ids).map(
    (chainId) => `${digestHex(chainId)}/diff`,
  );
  const links = store.paths.layers;
  const nothing = (): void => undefined;
  const common = { id, name: text, manifest, config, warnings, links, rootPath: undefined };
  return { ...common, lower: lower.toReversed(), [Symbol.dispose]: nothing };
}

function readConfig(text: string, descriptor: Descriptor, store: ImageStore): ImageConfig {
  const manifest = store.readManifest(descriptor);
  if (isIndex(manifest)) throw new UserError(`"${text}" has no image for this machine`);
  return store.readConfig(manifest.config);
}
