// The options of a tmpfs: the defaults and the user's, of which the last of a kind holds.
// man 8 mount, man 5 tmpfs.

import { UserError } from "../errors.ts";

// Words of one line exclude each other, so only the last of them is kept.
const KINDS = [
  "ro rw",
  "suid nosuid",
  "dev nodev",
  "exec noexec",
  "sync async",
  "dirsync",
  "remount",
  "mand nomand",
  "atime noatime",
  "diratime nodiratime",
  "relatime norelatime",
  "strictatime nostrictatime",
  "bind rbind unbindable runbindable private rprivate shared rshared slave rslave",
];

const SETTINGS = " size mode uid gid nr_inodes nr_blocks mpol ";

/**
 * The defaults and then the user's options, without those that a later one overrides.
 * @throws UserError `invalid tmpfs option "…"`
 */
export function mergeTmpfsOptions(defaults: readonly string[], asked: readonly string[]): string[] {
  const merged: string[] = [];
  const kinds = new Set<string>();
  const all = [...defaults, ...asked];
  for (let index = all.length - 1; index >= 0; index--) {
    const option = all[index];
    if (option === undefined || option === "" || option === "defaults") continue;
    const kind = kindOf(option);
    if (kinds.has(kind)) continue;
    kinds.add(kind);
    merged.push(option);
  }
  return merged.reverse();
}

function kindOf(option: string): string {
  const equals = option.indexOf("=");
  const name = equals === -1 ? option : option.slice(0, equals);
  if (equals > 0 && !name.includes(" ") && SETTINGS.includes(` ${name} `)) return name;
  const kind = KINDS.find((words) => equals === -1 && ` ${words} `.includes(` ${option} `));
  if (kind !== undefined && !option.includes(" ")) return kind;
  throw new UserError(`invalid tmpfs option "${name}"`, "for example size=64m,mode=1777,exec");
}
