// The words of a mount's options, as config.json and mount(8) have them, sorted into what the
// kernel's newer mount calls take: attributes to set and to clear, propagation, and what is left
// for the file system itself.

import { MOUNT_ATTR, MOUNT_ATTR__ATIME, MS } from "../ffi/constants.ts";

export interface MountOptions {
  readonly bind: boolean;
  /** `rbind`, or the recursive form of any attribute. */
  readonly recursive: boolean;
  /** MOUNT_ATTR bits. */
  readonly set: number;
  readonly clear: number;
  /** The same for the whole tree (`rro`, `rnosuid` …). */
  readonly recursiveSet: number;
  readonly recursiveClear: number;
  /** MS_PRIVATE …, with MS_REC for the recursive forms; in order. */
  readonly propagation: readonly number[];
  /** `key=value` or bare words for the file system. */
  readonly data: readonly string[];
  /** Copy what the image has below the tmpfs. */
  readonly tmpCopyUp: boolean;
  readonly idmap: "no" | "idmap" | "ridmap";
}

const A = MOUNT_ATTR;

/** word: [bits to set, bits to clear]. Setting an access-time mode clears the others. */
function attributesOf(word: string): readonly [set: number, clear: number] | undefined {
  switch (word) {
    case "ro":
      return [A.MOUNT_ATTR_RDONLY, 0];
    case "rw":
      return [0, A.MOUNT_ATTR_RDONLY];
    case "nosuid":
      return [A.MOUNT_ATTR_NOSUID, 0];
    case "suid":
      return [0, A.MOUNT_ATTR_NOSUID];
    case "nodev":
      return [A.MOUNT_ATTR_NODEV, 0];
    case "dev":
      return [0, A.MOUNT_ATTR_NODEV];
    case "noexec":
      return [A.MOUNT_ATTR_NOEXEC, 0];
    case "exec":
      return [0, A.MOUNT_ATTR_NOEXEC];
    case "nosymfollow":
      return [A.MOUNT_ATTR_NOSYMFOLLOW, 0];
    case "symfollow":
      return [0, A.MOUNT_ATTR_NOSYMFOLLOW];
    case "nodiratime":
      return [A.MOUNT_ATTR_NODIRATIME, 0];
    case "diratime":
      return [0, A.MOUNT_ATTR_NODIRATIME];
    case "noatime":
      return [A.MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME];
    case "strictatime":
      return [A.MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME];
    case "relatime":
    case "atime":
    case "nostrictatime":
    case "norelatime":
      return [0, MOUNT_ATTR__ATIME];
    case "defaults":
      return [0, 0];
    default:
      return undefined;
  }
}

function propagationOf(word: string): number | undefined {
  switch (word) {
    case "private":
      return MS.MS_PRIVATE;
    case "rprivate":
      return MS.MS_PRIVATE | MS.MS_REC;
    case "shared":
      return MS.MS_SHARED;
    case "rshared":
      return MS.MS_SHARED | MS.MS_REC;
    case "slave":
      return MS.MS_SLAVE;
    case "rslave":
      return MS.MS_SLAVE | MS.MS_REC;
    case "unbindable":
      return MS.MS_UNBINDABLE;
    case "runbindable":
      return MS.MS_UNBINDABLE | MS.MS_REC;
    default:
      return undefined;
  }
}

/** The MS_ bits of `rprivate`, `slave` …; undefined for any other word. mount_namespaces(7) */
export const parsePropagation = propagationOf;

interface Draft {
  bind: boolean;
  recursive: boolean;
  set: number;
  clear: number;
  recursiveSet: number;
  recursiveClear: number;
  propagation: number[];
  data: string[];
  tmpCopyUp: boolean;
  idmap: MountOptions["idmap"];
}

/** Sorts option words; unknown words are the file system's. Later words win. runtime-spec, mounts */
export function parseMountOptions(words: readonly string[]): MountOptions {
  const draft: Draft = {
    bind: false,
    recursive: false,
    set: 0,
    clear: 0,
    recursiveSet: 0,
    recursiveClear: 0,
    propagation: [],
    data: [],
    tmpCopyUp: false,
    idmap: "no",
  };
  for (const word of words) addWord(draft, word);
  return draft;
}

function addWord(draft: Draft, word: string): void {
  if (addKeyword(draft, word)) return;
  const propagation = propagationOf(word);
  if (propagation !== undefined) {
    draft.propagation.push(propagation);
    return;
  }
  const plain = attributesOf(word);
  if (plain !== undefined) {
    draft.set = (draft.set & ~plain[1]) | plain[0];
    draft.clear = (draft.clear & ~plain[0]) | plain[1];
    return;
  }
  const recursive = word.startsWith("r") ? attributesOf(word.slice(1)) : undefined;
  if (recursive === undefined) {
    draft.data.push(word);
    return;
  }
  draft.recursiveSet = (draft.recursiveSet & ~recursive[1]) | recursive[0];
  draft.recursiveClear = (draft.recursiveClear & ~recursive[0]) | recursive[1];
}

function addKeyword(draft: Draft, word: string): boolean {
  switch (word) {
    case "bind":
      draft.bind = true;
      return true;
    case "rbind":
      draft.bind = true;
      draft.recursive = true;
      return true;
    case "tmpcopyup":
      draft.tmpCopyUp = true;
      return true;
    case "idmap":
    case "ridmap":
      draft.idmap = word;
      return true;
    default:
      return false;
  }
}
