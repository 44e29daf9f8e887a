// The two ends of a `cp`, by docker's rules: what a slash or `/.` at a path's end asks for, which links
// are followed, and whether what is copied goes into a folder or becomes it.
//
//   FILE → nothing      is made           FOLDER → nothing     is made of its contents
//   FILE → file         is replaced       FOLDER → file        refused
//   FILE → folder       folder/FILE       FOLDER → folder      folder/FOLDER; its contents with /.
//
// Paths are byte strings (ffi/tree.ts) and lead nowhere but below the open root of their side.

import { O, S } from "../../../ffi/constants.ts";
import { ELOOP, ENOENT, ENOTDIR } from "../../../ffi/errno.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import {
  closeFd,
  openInside,
  readLinkAt,
  showByteString,
  statusAt,
  toByteString,
} from "../../../ffi/tree.ts";
import { UserError } from "../../errors.ts";
import { baseOf, linkTarget, parentOf } from "../../image/layer/entry-path.ts";

/** A path as its user wrote it. */
export interface AskedPath {
  /** Clean, below the root: "" is the root. */
  readonly path: string;
  /** A slash, or `/.`, at its end: it must be a folder, and a link is followed. */
  readonly isFolder: boolean;
  /** `/.`, or the root: not the folder, but what is in it. */
  readonly isContents: boolean;
}

/** @param folder what a relative path is below */
export function parsePath(text: string, folder = "/"): AskedPath {
  const whole = text.startsWith("/") ? text : `${folder}/${text}`;
  const path = toByteString(linkTarget("", whole));
  const isContents = /(^|\/)\.$/.test(text) || path === "";
  return { path, isFolder: isContents || /(\/|(^|\/)\.\.)$/.test(text), isContents };
}

/** What is at a path: in which folder, under which name. */
export interface Place {
  readonly folder: string;
  /** "" for the root itself. */
  readonly name: string;
  readonly kind: "folder" | "other" | "missing";
}

const LINKS_MAX = 40;
const S_IFMT = 0o170000;

/**
 * Looks at a path below an open root.
 * @param follows whether a link at its end is followed
 * @throws SyscallError where the folder that holds it cannot be reached
 */
export function lookAtPath(root: number, path: string, follows: boolean): Place {
  let at = path;
  for (let links = 0; links < LINKS_MAX; links++) {
    if (at === "") return { folder: "", name: "", kind: "folder" };
    const folder = parentOf(at);
    const name = baseOf(at);
    const fd = openInside(root, folder, O.O_PATH | O.O_DIRECTORY);
    if (fd === -ENOENT || fd === -ENOTDIR) return { folder, name, kind: "missing" };
    if (fd < 0) throw new SyscallError("open", -fd, { path: `/${showByteString(folder)}` });
    try {
      const status = statusAt(fd, name);
      if (typeof status === "number") return { folder, name, kind: "missing" };
      const type = status.mode & S_IFMT;
      if (type === S.S_IFDIR) return { folder, name, kind: "folder" };
      const target = follows ? readLinkAt(fd, name) : undefined;
      if (target === undefined) return { folder, name, kind: "other" };
      at = linkTarget(folder, target);
    } finally {
      closeFd(fd);
    }
  }
  throw new SyscallError("open", ELOOP, { path: `/${showByteString(path)}` });
}

/** What is copied. */
export interface Source {
  readonly place: Place;
  readonly isContents: boolean;
  /** What it is called where it goes into a folder. */
  readonly name: string;
}

/**
 * @param shown how its user calls it
 * @param missing what is said where it is not there
 * @throws UserError where it is not there, or no folder
 */
export function findSource(
  root: number,
  asked: AskedPath,
  followsLink: boolean,
  shown: string,
  missing: string,
): Source {
  const place = lookAtPath(root, asked.path, followsLink || asked.isFolder);
  if (place.kind === "missing") throw new UserError(missing, undefined, 1);
  if (asked.isFolder && place.kind !== "folder") refuseFile(shown);
  return { place, isContents: asked.isContents, name: baseOf(asked.path) };
}

/** Where it goes. */
export interface Target {
  readonly folder: string;
  /** What it is called there; "" for contents. */
  readonly name: string;
}

/**
 * @param shown how its user calls it
 * @param describeMissing what is said of a folder that is not there, in docker's words
 * @throws UserError where it cannot go there
 */
export function findTarget(
  root: number,
  asked: AskedPath,
  source: Pick<Source, "isContents" | "name"> & { readonly kind: Place["kind"] },
  shown: string,
  describeMissing = (missing: string): string => `no such directory: "${missing}"`,
): Target {
  const { folder, name, kind } = lookAtPath(root, asked.path, true);
  const whole = [folder, name].filter((part) => part !== "").join("/");
  if (kind === "folder") return { folder: whole, name: source.isContents ? "" : source.name };
  if (kind === "other") {
    if (source.kind === "folder") {
      throw new UserError(`cannot copy a directory to a file: "${shown}"`, undefined, 1);
    }
    if (asked.isFolder) refuseFile(shown);
    return { folder, name };
  }
  const isThere = lookAtPath(root, folder, true).kind === "folder";
  if (!isThere || (source.kind !== "folder" && asked.isFolder)) {
    throw new UserError(
      isThere ? `no such directory: "${shown}"` : describeMissing(shownFolder(shown)),
      "the folder that it is to go into must be there",
      1,
    );
  }
  return { folder, name };
}

const shownFolder = (shown: string): string => shown.replace(/\/*[^/]*\/*$/, "") || "/";

function refuseFile(shown: string): never {
  throw new UserError(`not a directory: "${shown}"`, undefined, 1);
}
