// Named folders that outlive containers.
//
//   DATA/volumes/NAME/_data          what is mounted
//                     volume.json    what is known of it
//   DATA/volumes/.made-…, .gone-…    on the way in or out: of no use to anybody after a crash
//   DATA/volumes/.lock               flock: shared while a container takes its volumes into use,
//                                    exclusive while one is taken away

import { O } from "../../../ffi/constants.ts";
import { Fd } from "../../../ffi/fd.ts";
import {
  fileType,
  listDirectory,
  makeDirectory,
  makeDirectoryTree,
  openFile,
  readTextIfThere,
  renameFile,
  writeText,
} from "../../../ffi/files.ts";
import { flock, LOCK } from "../../../ffi/flock.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { removeTreeDeep } from "../../image/layer/remove-tree.ts";
import { makeId } from "../names.ts";
import { tellVolume } from "../events/tell-of-things.ts";
import { noSuchVolume } from "../no-such.ts";

/** A volume as it is kept. */
export interface Volume {
  readonly name: string;
  readonly createdMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** `-o type=none,o=bind,device=…` of docker's local driver. */
  readonly options: Readonly<Record<string, string>>;
}

/** The label by which docker knows a volume that nobody named. */
export const ANONYMOUS_LABEL = "com.docker.volume.anonymous";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @throws UserError in docker's words for a name that no volume can have */
export function checkVolumeName(name: string): void {
  if (NAME.test(name) && name.length <= 255) return;
  if (name.length === 1) {
    throw new UserError(
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  throw new UserError(
    `create ${name}: "${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
  );
}

export class VolumeStore {
  readonly #folder: string;

  constructor(data: string) {
    this.#folder = `${data}/volumes`;
  }

  /** The folder that is mounted, whether it is there or not. */
  mountpoint(name: string): string {
    return `${this.#folder}/${name}/_data`;
  }

  get lockPath(): string {
    return `${this.#folder}/.lock`;
  }

  /** The folder around the mounted one. */
  folderOf(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** Every volume, by name. */
  list(): Volume[] {
    const names = (listDirectory(this.#folder) ?? []).map(({ name }) => name);
    const volumes = names.filter((name) => !name.startsWith(".")).map((name) => this.find(name));
    return volumes.filter((volume) => volume !== undefined).sort(byName);
  }

  /** undefined where there is none. */
  find(name: string): Volume | undefined {
    if (!NAME.test(name) || fileType(this.mountpoint(name)) === 0) return undefined;
    return parseVolume(name, readTextIfThere(`${this.folderOf(name)}/volume.json`) ?? "{}");
  }

  /** @throws UserError in docker's words */
  get(name: string): Volume {
    const volume = this.find(name);
    if (volume !== undefined) return volume;
    throw noSuchVolume(name);
  }

  /**
   * Makes a volume, or returns the one that has the name already.
   * @throws UserError for a name that cannot be, or a volume of that name with other options
   */
  create(name: string, settings: Partial<Pick<Volume, "labels" | "options">> = {}): Volume {
    checkVolumeName(name);
    const { labels = {}, options = {} } = settings;
    const volume = { name, createdMs: Date.now(), labels, options };
    makeDirectoryTree(this.#folder, 0o711);
    const unfinished = `${this.#folder}/.made-${makeId().slice(0, 16)}`;
    makeDirectory(unfinished, 0o711);
    try {
      makeDirectory(`${unfinished}/_data`, 0o755);
      writeText(`${unfinished}/volume.json`, `${JSON.stringify(volume)}\n`, { mode: 0o644 });
      // Race: rename(2) onto a folder that is not empty fails, so that one of two makers wins.
      renameFile(unfinished, this.folderOf(name));
      tellVolume("create", name);
      return volume;
    } catch (error) {
      removeTreeDeep(unfinished);
      if (!isSyscallError(error, "ENOTEMPTY", "EEXIST")) throw error;
      return this.#existing(name, volume);
    }
  }

  #existing(name: string, wanted: Volume): Volume {
    const volume = this.get(name);
    const isSame = JSON.stringify(volume.options) === JSON.stringify(wanted.options);
    if (isSame || Object.keys(wanted.options).length === 0) return volume;
    throw new UserError(`create ${name}: conflict: volume exists with other options`);
  }

  /** Takes a volume away, content and all. Order: out of sight first, as that is done at once. */
  remove(name: string): void {
    const gone = `${this.#folder}/.gone-${makeId().slice(0, 16)}`;
    renameFile(this.folderOf(name), gone);
    tellVolume("destroy", name);
    removeTreeDeep(gone);
  }

  /** Clears what killed processes left. To be called with the store locked exclusively. */
  removeUnfinished(): void {
    for (const { name } of listDirectory(this.#folder) ?? []) {
      const path = `${this.#folder}/${name}`;
      if (/^\.(made|gone)-/.test(name)) removeTreeDeep(path);
      // Who fills a volume has the store's lock as well.
      for (const left of ["_filling", "_filling.trash"]) {
        if (fileType(`${path}/${left}`) !== 0) removeTreeDeep(`${path}/${left}`);
      }
    }
  }

  /** @param alone true: nobody takes a volume into use until it is disposed */
  lock(alone: boolean): Fd {
    makeDirectoryTree(this.#folder, 0o711);
    return lockFile(this.lockPath, alone ? LOCK.LOCK_EX : LOCK.LOCK_SH);
  }

  /** Nobody else fills the volume until it is disposed. */
  lockOne(name: string): Fd {
    return lockFile(`${this.folderOf(name)}/volume.json`, LOCK.LOCK_EX);
  }
}

function lockFile(path: string, operation: number): Fd {
  const fd = new Fd(openFile(path, O.O_RDWR | O.O_CREAT, 0o600));
  flock(fd.number, operation, path);
  return fd;
}

function byName(one: Volume, other: Volume): number {
  return one.name < other.name ? -1 : 1;
}

function parseVolume(name: string, text: string): Volume {
  const value = readObject(text);
  const createdMs = typeof value["createdMs"] === "number" ? value["createdMs"] : 0;
  return {
    name,
    createdMs,
    labels: readTexts(value["labels"]),
    options: readTexts(value["options"]),
  };
}

/** A file that somebody has broken must not make the volume's content unreachable. */
function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

function readTexts(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {};
  const texts: Record<string, string> = {};
  for (const [key, each] of Object.entries(value)) if (typeof each === "string") texts[key] = each;
  return texts;
}
