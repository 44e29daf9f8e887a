// `cp`: files between a container and the host, as an archive that is written on one side and read on
// the other while it comes; nothing but the present piece of it is ever in memory.

import { O } from "../../../ffi/constants.ts";
import { closeFd, openFolder, openInside } from "../../../ffi/tree.ts";
import { POLL, poll } from "../../../ffi/poll.ts";
import { isSyscallError, SyscallError } from "../../../ffi/syscall-error.ts";
import { read, write } from "../../../ffi/unistd.ts";
import { Readable } from "node:stream";
import { UserError } from "../../errors.ts";
import { CopyInto, type CopyIntoOptions } from "../../image/layer/copy-into.ts";
import { decompress, detectCompression, explainingDamage } from "../../image/layer/decompress.ts";
import type { OwnerMap } from "../../image/layer/owner-map.ts";
import { TarReader } from "../../image/layer/tar-reader.ts";
import { writeTree } from "../../image/layer/write-tree.ts";
import { Gatherer } from "../../image/store/commit-layer.ts";
import { tell } from "../events/tell.ts";
import { findSource, findTarget, lookAtPath, parsePath, type Source } from "./copy-places.ts";
import { becomeOwner, type CopyRoot, openCopyRoot } from "./copy-root.ts";

export interface CopyOptions {
  readonly container: string;
  /** In the container; a relative one is below its root. */
  readonly path: string;
  /** On the host; `-`: an archive, from stdin or to stdout. */
  readonly local: string;
  /** What a relative local path is below. */
  readonly cwd: string;
  /** Owners are kept on the host as well. */
  readonly archive: boolean;
  /** A link that is named as the source is followed. */
  readonly followLink: boolean;
}

/** Bytes of the archive that was copied. @throws UserError, SyscallError */
export async function copyFromContainer(options: CopyOptions): Promise<number> {
  using container = await openCopyRoot(options.container);
  tell("archive-path", container.container, { path: options.path });
  const asked = parsePath(options.path);
  const { path: shown } = options;
  const missing = sayMissing(shown, options);
  const source = findSource(container.fd, asked, options.followLink, shown, missing);
  if (options.local === "-") {
    const name = source.isContents ? "." : source.name;
    return sendTree(container.fd, source, name, writeStdout, container.owners?.toContainer);
  }
  using host = openHost();
  const target = findTarget(
    host.fd,
    parsePath(options.local, options.cwd),
    { ...source, kind: source.place.kind },
    options.local,
  );
  const into: CopyIntoOptions = {
    root: host.fd,
    folder: target.folder,
    keepsOwners: options.archive,
    // Security: what the container has made of the host's folder the last time may be links.
    followsLinks: false,
  };
  return transfer(container.fd, source, target.name, into, container.owners?.toContainer);
}

/** Bytes of the archive that was copied. @throws UserError, SyscallError */
export async function copyToContainer(options: CopyOptions): Promise<number> {
  using container = await openCopyRoot(options.container);
  tell("extract-to-dir", container.container, { path: options.path });
  try {
    // Order: awaited, as the root is open for as long as this function runs.
    return await copyInto(container, options);
  } catch (error) {
    throw isSyscallError(error, "EROFS") ? readonlyRefusal(container) : error;
  }
}

/** docker's words, of folders too. */
const sayMissing = (path: string, { container }: CopyOptions): string =>
  `Could not find the file ${path} in container ${container}`;

/** docker's words. */
function readonlyRefusal({ container: { options } }: CopyRoot): UserError {
  const what = options.readonlyRootfs ? "container rootfs" : "mounted volume";
  return new UserError(`${what} is marked read-only`, undefined, 1);
}

async function copyInto(container: CopyRoot, options: CopyOptions): Promise<number> {
  using _owner = becomeOwner(container);
  const asked = parsePath(options.path);
  // Order: awaited, as the root is open for as long as this function runs.
  if (options.local === "-") return await receive(container, asked.path, options);
  using host = openHost();
  const { local, cwd } = options;
  const missing = `lstat ${local.startsWith("/") ? local : `${cwd}/${local}`}: no such file or directory`;
  const from = parsePath(local, cwd);
  const source = findSource(host.fd, from, options.followLink, local, missing);
  const wanted = { ...source, kind: source.place.kind };
  const target = findTarget(container.fd, asked, wanted, options.path, (folder) =>
    sayMissing(folder, options),
  );
  return transfer(host.fd, source, target.name, {
    root: container.fd,
    folder: target.folder,
    keepsOwners: true,
    ...(container.owners === undefined ? {} : { owners: container.owners.toHost }),
    followsLinks: true,
  });
}

function openHost(): Disposable & { readonly fd: number } {
  const fd = openFolder("/");
  if (fd < 0) throw new SyscallError("open", -fd, { path: "/" });
  return { fd, [Symbol.dispose]: () => closeFd(fd) };
}

function transfer(
  root: number,
  source: Source,
  name: string,
  into: CopyIntoOptions,
  owners?: OwnerMap,
): number {
  using sink = new CopyInto(into);
  const reader = new TarReader(sink);
  const bytes = sendTree(root, source, name || ".", (piece) => reader.push(piece), owners);
  reader.finish();
  sink.finish();
  return bytes;
}

/** Writes the archive of what is at a place. @param name what it is called there; "." for contents */
function sendTree(
  root: number,
  { place, isContents }: Source,
  name: string,
  take: (bytes: Uint8Array) => void,
  owners?: OwnerMap,
): number {
  let total = 0;
  const gather = new Gatherer((bytes) => {
    total += bytes.length;
    take(bytes);
  });
  const isWhole = isContents || place.name === "";
  const path = isWhole ? [place.folder, place.name].filter(Boolean).join("/") : place.folder;
  const folder = openInside(root, path, O.O_RDONLY | O.O_DIRECTORY);
  if (folder < 0) throw new SyscallError("open", -folder, { path });
  try {
    writeTree(`/proc/self/fd/${folder}/.`, (bytes) => gather.add(bytes), {
      whiteouts: false,
      ...(owners === undefined ? {} : { owners }),
      ...(isWhole
        ? { root: true, rename: (each: string) => (each === "." ? name : `${name}/${each}`) }
        : {
            only: place.name,
            rename: (each: string) => name + each.slice(place.name.length),
          }),
    });
    gather.flush();
  } finally {
    closeFd(folder);
  }
  return total;
}

async function receive(
  { fd, owners }: CopyRoot,
  path: string,
  { container, path: shown }: CopyOptions,
): Promise<number> {
  const place = lookAtPath(fd, path, true);
  if (place.kind !== "folder") {
    throw new UserError(`destination "${container}:${shown}" must be a directory`, undefined, 1);
  }
  const folder = [place.folder, place.name].filter(Boolean).join("/");
  using sink = new CopyInto({
    root: fd,
    folder,
    keepsOwners: true,
    followsLinks: true,
    ...(owners === undefined ? {} : { owners: owners.toHost }),
  });
  const reader = new TarReader(sink);
  let total = 0;
  const first = readStdin();
  const chunks = decompress(Readable.from(withRest(first)), detectCompression(first));
  await explainingDamage("the archive", async () => {
    for await (const chunk of chunks) {
      if (!(chunk instanceof Uint8Array)) throw new Error("a stream of texts");
      total += chunk.length;
      reader.push(chunk);
    }
  });
  reader.finish();
  sink.finish();
  return total;
}

function* withRest(first: Uint8Array): Generator<Uint8Array> {
  for (let piece = first; piece.length > 0; piece = readStdin()) yield piece;
}

const PIECE_BYTES = 256 * 1024;

/** The next bytes; none at the end. Blocks. */
function readStdin(): Uint8Array {
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    try {
      return piece.subarray(0, read(0, piece));
    } catch (error) {
      if (!isSyscallError(error, "EAGAIN")) throw error;
      poll([{ fd: 0, events: POLL.POLLIN }], -1);
    }
  }
}

function writeStdout(bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(write(1, rest, "stdout"));
    } catch (error) {
      if (!isSyscallError(error, "EAGAIN")) throw error;
      poll([{ fd: 1, events: POLL.POLLOUT }], -1);
    }
  }
}
