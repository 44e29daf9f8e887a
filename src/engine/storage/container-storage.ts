// What a run takes from what bunker keeps: its image's layers, a writable one on top, its volumes.
//
//   DATA/containers/ID/upper     what the container changes
//                      work      overlay's own
//                      merged    where the two and the image's layers are attached, in the
//                                container's mount namespace alone
//
// Looked at by findStorage(), where nothing is changed but by a pull and by unpacking; made by make().

import { isKeptFolder } from "../kept-folder.ts";
import { fileType, listDirectory, makeDirectory, makeDirectoryTree } from "../../../ffi/files.ts";
import type { RootSource } from "../../../fs/root-plan.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import { UserError } from "../../errors.ts";
import { removeTreeDeep } from "../../image/layer/remove-tree.ts";
import {
  type ContainerDetails,
  formatDetails,
  type MountPoint,
  readDetails,
  removeDetails,
  writeDetails,
} from "../container-details.ts";
import { dataFolder } from "../data-folder.ts";
import type { ImageDefaults } from "../host-facts.ts";
import {
  applyImageConfig,
  makeContainerConfig,
  makeImageDefaults,
} from "../images/container-config.ts";
import { findRunImage, type RunImage } from "../images/run-image.ts";
import type { RunOptions } from "../run-options.ts";
import { runFolder } from "../run-folder.ts";
import { StateStore } from "../state-store.ts";
import { copyFiles } from "./copy-files.ts";
import { findOverlayProblem } from "./overlay-support.ts";
import { listInheritedMounts } from "../volumes/inherited-mounts.ts";
import { removeOwnVolumes } from "../volumes/own-volumes.ts";
import { hasContent } from "../volumes/fill-volume.ts";
import {
  type ResolvedMounts,
  resolveMounts,
  type WantedVolume,
} from "../volumes/resolve-mounts.ts";
import { takeVolumes } from "../volumes/take-volumes.ts";
import { VolumeStore } from "../volumes/volume-store.ts";
import { tellMounts } from "../events/tell-of-things.ts";

/** The storage of one container. */
export interface ContainerStorage extends Disposable {
  /** The options with what the image says, their mounts all folders of the host or tmpfs. */
  readonly options: RunOptions;
  /** What the image says of the process. */
  readonly defaults: ImageDefaults | undefined;
  /** Where the image's files can be looked at before the container is there. */
  readonly rootPath: string | undefined;
  readonly rootSource: RootSource | undefined;
  /** Whether the image says how its health is asked for. */
  readonly hasHealthCheck: boolean;
  /** What is not as it was asked for, a line each. */
  readonly warnings: readonly string[];
  /** Folders and files that make() makes, for `explain`. */
  readonly folders: readonly string[];
  /** Gives all that make() does, where that is no more than this: what a replayed run does of it. */
  readonly plain: (() => PlainStorage) | undefined;
  /** Whether a mount's source is a folder that make() makes. */
  isNew(source: string): boolean;
  /** Makes the writable layer and the volumes, and writes down what uses them. */
  make(stateFolder: string, undo: UndoStack): void;
  /** Of a container that is to be started later: makes its volumes, and holds on to its image. */
  pin(): void;
  /** Clears what killed processes left of other containers. */
  sweep(): void;
}

/** A writable layer, and nothing else to be made: the volumes are there. */
export interface PlainStorage {
  /** In the order of making, each with its mode; the first has all others in it. */
  readonly folders: readonly (readonly [path: string, mode: number])[];
  /** The text of the container's details. */
  readonly details: string;
  readonly volumes?: PlainVolumes;
}

export interface PlainVolumes {
  /** Held while nothing says yet that they are in use. */
  readonly lock: string;
  /** The folders of those that would be filled from the image, were they empty. */
  readonly filled: readonly string[];
  /** What events tell of. */
  readonly mounts: readonly MountPoint[];
}

/**
 * Looks for what the options name; pulls and unpacks the image where it has to.
 * @param isLookOnly for `explain`: nothing is pulled or unpacked
 * @throws UserError for an image, a container or a volume that cannot be
 */
export async function findStorage(
  options: RunOptions,
  id: string,
  isLookOnly: boolean,
): Promise<ContainerStorage> {
  const data = dataFolder(process.env);
  const folder = `${data}/containers/${id}`;
  // A container that was started before has the image and the volumes that it had then.
  const isThere = isKeptFolder(folder);
  const isKept = options.detach || isThere;
  const before = isThere ? readDetails(folder) : undefined;
  const image =
    options.root.kind === "image"
      ? await findRunImage(options.root.reference, options, isLookOnly, before?.image)
      : undefined;
  try {
    return await makeStorage(options, { id, data, folder, isKept, before }, image, isLookOnly);
  } catch (error) {
    image?.[Symbol.dispose]();
    throw error;
  }
}

interface Place {
  readonly id: string;
  readonly data: string;
  readonly folder: string;
  /** The container outlives its end, whether its caller waits for that or not. */
  readonly isKept: boolean;
  /** Of the last start. */
  readonly before: ContainerDetails | undefined;
}

async function makeStorage(
  options: RunOptions,
  { id, data, folder, isKept, before }: Place,
  image: RunImage | undefined,
  isLookOnly: boolean,
): Promise<ContainerStorage> {
  const containers = new StateStore(runFolder(process.env));
  const volumes = new VolumeStore(data);
  const inherited = { ...options, mounts: listInheritedMounts(options, containers) };
  const config = image?.config ?? {};
  const applied = image === undefined ? inherited : applyImageConfig(inherited, config);
  const resolved = await resolveMounts(applied, volumes, isLookOnly);
  const layer = image === undefined ? undefined : planLayer(folder, image, isKept);
  const problem =
    layer === undefined || isLookOnly
      ? undefined
      : findOverlayProblem(data, runFolder(process.env));
  const makeDetails = (own: readonly string[]): ContainerDetails => ({
    ...(image !== undefined && { image: pickImage(image) }),
    config: makeContainerConfig(applied, config),
    mounts: resolved.points,
    ...(resolved.images.length > 0 && { mountedImages: resolved.images.map(manifestOf) }),
    ownVolumes: [...(before?.ownVolumes ?? []), ...own],
    ...(options.remove && own.length > 0 && { removesVolumes: true }),
  });
  const take = (folders: readonly string[]): readonly string[] =>
    takeVolumes({ volumes, resolved, root: image?.rootPath }, (own) =>
      writeDetails(folders, makeDetails(own)),
    );
  const isPlain =
    problem === undefined &&
    before === undefined &&
    resolved.images.length === 0 &&
    resolved.volumes.every((wanted) => isPlainVolume(wanted, volumes));
  return {
    options: { ...applied, mounts: resolved.mounts },
    defaults: image === undefined ? undefined : makeImageDefaults(config),
    rootPath: image?.rootPath,
    hasHealthCheck: (config.Healthcheck?.Test?.[0] ?? "NONE") !== "NONE",
    rootSource:
      problem === undefined || layer === undefined
        ? layer
        : { kind: "directory", path: layer.target },
    warnings: [
      ...(image?.warnings ?? []),
      ...(problem === undefined ? [] : [copyWarning(data, problem)]),
    ],
    folders: [
      ...(layer === undefined ? [] : listLayerFolders(folder, layer).map(([path]) => path)),
      ...resolved.volumes.map(({ name }) => volumes.mountpoint(name)),
    ],
    plain:
      layer !== undefined && isPlain
        ? () => ({
            folders: listLayerFolders(folder, layer),
            details: formatDetails(makeDetails([])),
            ...(resolved.volumes.length > 0 && {
              volumes: describeVolumes(resolved, volumes, image?.rootPath),
            }),
          })
        : undefined,
    isNew: (source) => resolved.volumes.some(({ name }) => volumes.mountpoint(name) === source),
    make: (stateFolder, undo) => {
      if (layer !== undefined) makeLayer(folder, layer, isKept, undo);
      if (problem !== undefined && layer !== undefined) copyImage(image?.rootPath, layer.target);
      if (!isKept) undo.push(() => removeDetails(stateFolder));
      const ownsVolumes = resolved.volumes.some(({ isAnonymous }) => isAnonymous);
      if (ownsVolumes && layer === undefined && !isKept) makeFolder(folder, undo);
      // What is in the data folder is found by sweepLayers() after a crash, and after the next boot.
      const isFound = isKept || ownsVolumes;
      const ownVolumes = take(isFound ? [stateFolder, folder] : [stateFolder]);
      tellMounts("mount", id, resolved.points);
      if (!isKept)
        undo.push(() => {
          tellMounts("unmount", id, resolved.points);
          if (options.remove) removeOwnVolumes(ownVolumes, volumes);
        });
      // Order: from here on the details say that the image is in use, and others may sweep the store.
      for (const each of [image, ...resolved.images]) each?.[Symbol.dispose]();
    },
    pin: () => {
      // What is not started yet can be committed all the same.
      if (layer !== undefined) makeLayerFolders(folder, layer);
      take([folder]);
    },
    sweep: () => sweepLayers(data, containers),
    [Symbol.dispose]: () => image?.[Symbol.dispose](),
  };
}

/** One that is there, and a folder. */
function isPlainVolume({ name, isAnonymous }: WantedVolume, volumes: VolumeStore): boolean {
  const volume = isAnonymous ? undefined : volumes.find(name);
  return volume !== undefined && Object.keys(volume.options).length === 0;
}

function describeVolumes(
  { volumes: wanted, points }: ResolvedMounts,
  volumes: VolumeStore,
  root: string | undefined,
): PlainVolumes {
  const isFilled = ({ copy, target }: WantedVolume): boolean =>
    copy && root !== undefined && hasContent(root, target);
  return {
    lock: volumes.lockPath,
    filled: wanted.filter(isFilled).map(({ name }) => volumes.mountpoint(name)),
    mounts: points,
  };
}

const manifestOf = ({ manifest }: RunImage) => manifest;

const pickImage = ({ id, name, manifest }: RunImage) => ({ id, name, manifest });

type Layer = Extract<RootSource, { kind: "overlay" }>;

/** @param isKept it may be started again, which the kernel refuses for a volatile one */
function planLayer(folder: string, { lower, links }: RunImage, isKept: boolean): Layer {
  const at = (name: string) => `${folder}/${name}`;
  return {
    kind: "overlay",
    lower,
    below: links,
    upper: at("upper"),
    work: at("work"),
    target: at("merged"),
    ...(isKept ? {} : { volatile: true }),
  };
}

function makeFolder(folder: string, undo: UndoStack): void {
  makeDirectoryTree(folder, 0o711);
  undo.push(() => removeTreeDeep(folder));
}

/** @param isKept it outlives the container's end, and may be there from the last time */
function makeLayer(folder: string, layer: Layer, isKept: boolean, undo: UndoStack): void {
  if (!isKept) undo.push(() => removeTreeDeep(folder));
  makeLayerFolders(folder, layer);
}

function makeLayerFolders(folder: string, layer: Layer): void {
  makeDirectoryTree(folder.slice(0, folder.lastIndexOf("/")), 0o711);
  for (const [path, mode] of listLayerFolders(folder, layer)) makeDirectory(path, mode);
}

/** Security: the upper folder is what the container has for `/`, and its mode the root's mode. */
function listLayerFolders(
  folder: string,
  { upper, work, target }: Layer,
): readonly (readonly [path: string, mode: number])[] {
  return [
    [folder, 0o711],
    [upper, 0o755],
    [work, 0o755],
    [target, 0o755],
  ];
}

const copyWarning = (data: string, problem: string): string =>
  `no overlay can be mounted with its changes in ${data}, so the image is copied: ${problem}`;

/** The fall-back: slow, large, and right. Not again for a container that is started once more. */
function copyImage(root: string | undefined, target: string): void {
  if (root === undefined) throw new Error("an image without files");
  if ((listDirectory(target) ?? []).length > 0) return;
  removeTreeDeep(target);
  copyFiles(`${root}/.`, target);
}

/** The writable layers of containers that are gone: bunker was killed, or the machine went down. */
export function sweepLayers(data: string, containers: StateStore): string[] {
  const swept: string[] = [];
  for (const { name } of listDirectory(`${data}/containers`) ?? []) {
    // Race: a container's state folder is made before its layer, and removed after it.
    if (fileType(containers.containerFolder(name)) !== 0) continue;
    if (isKeptFolder(`${data}/containers/${name}`)) continue;
    const { ownVolumes = [], removesVolumes } = readDetails(`${data}/containers/${name}`) ?? {};
    if (removesVolumes === true) removeOwnVolumes(ownVolumes, new VolumeStore(data));
    removeTreeDeep(`${data}/containers/${name}`);
    swept.push(name);
  }
  return swept;
}

/** Where a container's writable layer is. @throws UserError where it has none */
export function findLayer(id: string): string {
  const upper = `${dataFolder(process.env)}/containers/${id}/upper`;
  if (fileType(upper) !== 0) return upper;
  throw new UserError("the container has no writable layer: it was not made of an image");
}
