// `rmi` and `image prune`: names first, then the image itself, then what no other image needs.

import { UserError } from "../../errors.ts";
import {
  familiarName,
  formatFamiliar,
  formatReference,
  parseReference,
} from "../../image/reference.ts";
import type { SweepResult } from "../../image/store/sweep.ts";
import type { ImageStore, StoredImage } from "../../image/store/store.ts";
import type { Descriptor } from "../../image/types.ts";
import { type ContainerUser, listUsers } from "../container-users.ts";
import { type Filters, matchesLabels, parseMoment } from "../filters.ts";
import { readFacts } from "./image-facts.ts";
import { canonicalReference, getImage, openStore } from "./open-store.ts";
import { tellImage, tellPruned } from "../events/tell-of-things.ts";

/** What a removal did, in order. */
export interface RemovalStep {
  readonly kind: "untagged" | "deleted";
  /** A name, or a digest. */
  readonly what: string;
}

export interface Removal {
  readonly steps: readonly RemovalStep[];
  readonly reclaimedBytes: number;
}

/**
 * Takes a name away, and with the last one the image.
 * @param isForced whatever names an image that is named by its id has
 * @throws UserError in docker's words: no such image, or in use
 */
export function removeImage(text: string, isForced: boolean): Removal {
  using store = openStore();
  const image = getImage(store, text);
  const name = findName(image, text);
  const steps =
    name === undefined
      ? removeById(image, text, isForced, store)
      : removeByName(image, name, isForced, store);
  tellSteps(image, steps);
  return finishRemoval(steps, store);
}

/** A name that has gone is no event's: docker tells of the image. */
function tellSteps({ id }: StoredImage, steps: readonly RemovalStep[]): void {
  for (const { kind, what } of steps) {
    // A digest by which a registry knows it goes with its name.
    if (kind === "untagged" && what.includes("@")) continue;
    tellImage(kind === "untagged" ? "untag" : "delete", id);
  }
}

/** The name of an image that a text is; undefined for its id or a digest. */
function findName(image: StoredImage, text: string): string | undefined {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(text)) return undefined;
  try {
    const reference = canonicalReference(text);
    const canonical = reference === undefined ? "" : formatReference(reference);
    return image.names.find((name) => name === canonical);
  } catch {
    return undefined;
  }
}

function removeByName(
  image: StoredImage,
  name: string,
  isForced: boolean,
  store: ImageStore,
): RemovalStep[] {
  const shown = formatFamiliar(parseReference(name));
  const others = image.names.filter((each) => each !== name);
  if (others.length === 0) {
    const [user] = usersOf(image);
    if (user !== undefined) {
      // With --force the name goes, and the image with its last container.
      if (!isForced) throw inUse(`repository reference "${shown}" (must force)`, user, image);
      store.removeReference(name);
      return [{ kind: "untagged", what: shown }];
    }
    const untagged = untag([name], image, store);
    store.dropImage(image);
    return [...untagged, { kind: "deleted", what: image.id }];
  }
  store.removeReference(name);
  return [{ kind: "untagged", what: shown }];
}

function removeById(
  image: StoredImage,
  text: string,
  isForced: boolean,
  store: ImageStore,
): RemovalStep[] {
  const repositories = new Set(image.names.map((name) => familiarName(parseReference(name))));
  const shown = text.replace(/^sha256:/, "").slice(0, 12);
  if (repositories.size > 1 && !isForced) {
    throw new UserError(
      `conflict: unable to delete ${shown} (must be forced) - image is referenced in multiple repositories`,
      undefined,
      1,
    );
  }
  const users = usersOf(image);
  const user = users.find(({ isRunning }) => isRunning) ?? users[0];
  if (user !== undefined && (user.isRunning || !isForced)) {
    const [force, state] = user.isRunning ? ["cannot", "running"] : ["must", "stopped"];
    throw new UserError(
      `conflict: unable to delete ${shown} (${force} be forced) - image is being used by ${state} container ${user.id.slice(0, 12)}`,
      undefined,
      1,
    );
  }
  const untagged = untag(image.names, image, store);
  if (user !== undefined) {
    // The names go, and the image with its last container.
    for (const name of image.names) store.removeReference(name);
    return untagged;
  }
  store.dropImage(image);
  return [...untagged, { kind: "deleted", what: image.id }];
}

function inUse(what: string, user: ContainerUser, image: StoredImage): UserError {
  const container = user.id.slice(0, 12);
  const id = image.id.slice("sha256:".length, "sha256:".length + 12);
  return new UserError(
    `conflict: unable to remove ${what} - container ${container} is using its referenced image ${id}`,
    "remove that container first",
    1,
  );
}

/** Each name, and each digest that the image is known by in a registry. */
function untag(names: readonly string[], image: StoredImage, store: ImageStore): RemovalStep[] {
  const shown = names.map((name) => formatFamiliar(parseReference(name)));
  const digests = readFacts(store, image)?.digests ?? [];
  return [...new Set([...shown, ...digests])].map((what) => ({ kind: "untagged", what }));
}

function usersOf({ id, manifest }: StoredImage): ContainerUser[] {
  return listUsers().filter(({ details }) => {
    const { image, mountedImages = [] } = details ?? {};
    return image?.id === id || mountedImages.some(({ digest }) => digest === manifest.digest);
  });
}

/** What running containers need, whether it still has a name or not. */
export function manifestsInUse(): Descriptor[] {
  return listUsers().flatMap(({ details }) => {
    const { image, mountedImages = [] } = details ?? {};
    return image === undefined ? mountedImages : [image.manifest, ...mountedImages];
  });
}

/** While others use the store, what is to be swept is left to the next command. */
function finishRemoval(steps: readonly RemovalStep[], store: ImageStore): Removal {
  const swept: SweepResult | undefined = store.sweep(manifestsInUse());
  const layers = (swept?.layers ?? []).map((what): RemovalStep => ({ kind: "deleted", what }));
  return { steps: [...steps, ...layers], reclaimedBytes: swept?.bytes ?? 0 };
}

/**
 * Takes away all images without a tag; with `all`, those that no container uses.
 * @throws UserError for a filter's value that cannot be
 */
export function pruneImages(all: boolean, filters: Filters): Removal {
  using store = openStore();
  const until = (filters.get("until") ?? []).map((text) => parseMoment(text, Date.now()));
  const steps: RemovalStep[] = [];
  for (const image of store.list()) {
    const facts = readFacts(store, image);
    if (facts === undefined || usersOf(image).length > 0) continue;
    if (!all && image.names.length > 0) continue;
    if (!until.every((moment) => (facts.createdMs ?? 0) < moment)) continue;
    if (!matchesLabels(facts.config.config?.Labels ?? {}, filters)) continue;
    const taken: RemovalStep[] = [
      ...untag(image.names, image, store),
      { kind: "deleted", what: image.id },
    ];
    store.dropImage(image);
    tellSteps(image, taken);
    steps.push(...taken);
  }
  const removal = finishRemoval(steps, store);
  tellPruned("image", removal.reclaimedBytes);
  return removal;
}
