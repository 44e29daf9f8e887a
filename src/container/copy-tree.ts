// A copy of a folder's contents, owners and permissions with them: what `tmpcopyup` puts into a new
// tmpfs. Loaded only there.

import {
  chmodSync,
  copyFileSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  type Stats,
  statSync,
  symlinkSync,
} from "node:fs";

/** Copies what is in `from` into the folder `to`; devices and sockets are left out. */
export function copyTree(from: string, to: string): void {
  const status = statSync(from, { throwIfNoEntry: false });
  if (status === undefined || !status.isDirectory()) return;
  for (const name of readdirSync(from)) copyEntry(`${from}/${name}`, `${to}/${name}`);
  // The folder itself, also where `to` is a link to it, as in /proc/PID/fd.
  keepOwner(`${to}/.`, status);
}

function copyEntry(from: string, to: string): void {
  const status = lstatSync(from);
  if (status.isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else if (status.isFile()) copyFileSync(from, to);
  else if (status.isDirectory()) {
    mkdirSync(to);
    for (const name of readdirSync(from)) copyEntry(`${from}/${name}`, `${to}/${name}`);
  } else return;
  keepOwner(to, status);
}

/** Order: the owner first, as a change of it takes the set-user-id bit away. */
function keepOwner(path: string, { uid, gid, mode, atime, mtime }: Stats): void {
  lchownSync(path, uid, gid);
  if (!lstatSync(path).isSymbolicLink()) chmodSync(path, mode & 0o7777);
  lutimesSync(path, atime, mtime);
}
