// What the option words of a bind mount change of the flags that its source has. Pure.
//
// Other runtimes do it with mount(2), which sets all flags at once (MS_REMOUNT|MS_BIND): so one word
// means that those which are not named are cleared. No word at all leaves all as it is, and without
// a word about access times those stay. Callers rely on that.

import { MOUNT_ATTR, MOUNT_ATTR__ATIME } from "../ffi/constants.ts";

export interface AttributeChange {
  /** MOUNT_ATTR bits. */
  readonly set: number;
  readonly clear: number;
}

const A = MOUNT_ATTR;
const ALL_ATIME = MOUNT_ATTR__ATIME | A.MOUNT_ATTR_NODIRATIME;

interface Draft {
  set: number;
  /** Those that a word asks to be cleared. */
  clear: number;
  atime: number | undefined;
  isAny: boolean;
}

/**
 * The change, or undefined where no word asks for one.
 * @param keepsLocked Kernel: in a user namespace, flags of the host's mounts are locked: they are only
 *   cleared where a word says so, which the kernel then refuses. mount_namespaces(7)
 */
export function bindAttributes(
  words: readonly string[],
  keepsLocked: boolean,
): AttributeChange | undefined {
  const draft: Draft = { set: 0, clear: 0, atime: undefined, isAny: false };
  for (const word of words) if (addWord(draft, word)) draft.isAny = true;
  if (!draft.isAny) return undefined;
  const unlocked = keepsLocked ? draft.clear | A.MOUNT_ATTR_NOSYMFOLLOW : FLAGS;
  const { atime } = draft;
  return {
    set: draft.set | (atime ?? 0),
    clear: (unlocked & ~draft.set) | (atime === undefined ? 0 : ALL_ATIME),
  };
}

const FLAGS =
  A.MOUNT_ATTR_RDONLY |
  A.MOUNT_ATTR_NOSUID |
  A.MOUNT_ATTR_NODEV |
  A.MOUNT_ATTR_NOEXEC |
  A.MOUNT_ATTR_NOSYMFOLLOW;

const WORDS: Readonly<Record<string, readonly [bit: number, sets: boolean]>> = {
  ro: [A.MOUNT_ATTR_RDONLY, true],
  rw: [A.MOUNT_ATTR_RDONLY, false],
  nosuid: [A.MOUNT_ATTR_NOSUID, true],
  suid: [A.MOUNT_ATTR_NOSUID, false],
  nodev: [A.MOUNT_ATTR_NODEV, true],
  dev: [A.MOUNT_ATTR_NODEV, false],
  noexec: [A.MOUNT_ATTR_NOEXEC, true],
  exec: [A.MOUNT_ATTR_NOEXEC, false],
  nosymfollow: [A.MOUNT_ATTR_NOSYMFOLLOW, true],
  symfollow: [A.MOUNT_ATTR_NOSYMFOLLOW, false],
};

/** Whether the word is one of a mount's flags. */
function addWord(draft: Draft, word: string): boolean {
  const flag = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (flag === undefined) return addAccessTime(draft, word);
  const [bit, sets] = flag;
  draft.set = sets ? draft.set | bit : draft.set & ~bit;
  draft.clear = sets ? draft.clear & ~bit : draft.clear | bit;
  return true;
}

/** Words that only clear one of these change nothing, as with mount(8); relatime is 0. */
function addAccessTime(draft: Draft, word: string): boolean {
  const { atime = 0 } = draft;
  switch (word) {
    case "noatime":
      if ((atime & A.MOUNT_ATTR_STRICTATIME) === 0) draft.atime = atime | A.MOUNT_ATTR_NOATIME;
      return true;
    case "strictatime":
      draft.atime = (atime & ~MOUNT_ATTR__ATIME) | A.MOUNT_ATTR_STRICTATIME;
      return true;
    case "nodiratime":
      draft.atime = atime | A.MOUNT_ATTR_NODIRATIME;
      return true;
    case "relatime":
      draft.atime = atime;
      return true;
    default:
      return ["atime", "norelatime", "nostrictatime", "diratime"].includes(word);
  }
}
