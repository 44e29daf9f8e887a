// Trees of files of all kinds, and what they look like, file by file: to compare what one tool
// unpacked with what another did.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { O } from "../../ffi/constants.ts";
import {
  closeFd,
  listAttributesAt,
  openFolder,
  openInsideNoLinks,
  readAttributeAt,
  readLinkAt,
  readNames,
  statusAt,
  type TreeStatus,
} from "../../ffi/tree.ts";

/** Runs a command of the shell in a folder. Throws where it fails. */
export function shell(folder: string, script: string): string {
  const ran = spawnSync("bash", ["-euo", "pipefail", "-c", script], {
    cwd: folder,
    encoding: "latin1",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (ran.status !== 0) throw new Error(`${script}\n${ran.stderr}`);
  return ran.stdout;
}

/** Fills a folder with every kind of file that an image may have. As root. */
export function makeEveryKind(folder: string): void {
  shell(
    folder,
    `umask 022
    mkdir -p dir/deep/er empty secret sticky setgid
    echo plain > dir/plain; printf '' > dir/nothing; head -c 300000 /dev/urandom > dir/large
    ln dir/plain dir/hard; ln dir/plain another; ln -s dir/plain soft; ln -s /absolute/nowhere dangling
    ln soft softhard; chown -h 5:6 soft
    mknod null c 1 3; mknod disk b 8 17; mknod big c 511 262143; mkfifo pipe; chmod 600 pipe null
    cp /bin/true setuid; chown 12:34 setuid; chmod 6755 setuid
    chmod 000 secret; chmod 1777 sticky; chmod 2775 setgid; chown 1000:50 setgid
    chown 65534:2000000 dir/nothing
    truncate -s 3G sparse; printf head | dd of=sparse conv=notrunc status=none
    printf tail | dd of=sparse bs=1 seek=3000000000 conv=notrunc status=none
    truncate -s 1M hole
    n=$(printf 'n%.0s' {1..250}); touch "$n"; p=$(printf 'long/%.0s' {1..60}); mkdir -p "$p"; touch "$p/file"
    ln -s "$n/$n" longlink; ln "$p/file" "$n-x"
    touch $'new\\nline' $'tab\\t' ' space ' 'ümläut' $'\\xff\\xfe' -- '-dash' '*star'
    touch -d '1950-01-02 03:04:05.678901234 UTC' old; touch -d '2200-01-01 UTC' future
    touch -h -d '2001-02-03 04:05:06.789 UTC' soft dangling
    setfattr -n user.note -v some dir/plain; setfattr -n user.binary -v 0x00ff0a3d dir; setfattr -n trusted.mark -v x empty
    cp /bin/true capable; setcap cap_net_raw+ep capable; chown 7:7 capable; setcap cap_net_raw+ep capable
    touch -d '2020-01-01 00:00:00.5 UTC' dir/deep dir empty secret
    touch -d '2021-01-01 UTC' .`,
  );
}

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;
const S_IFDIR = 0o040000;
const S_IFLNK = 0o120000;

export interface DescribeOptions {
  /** Attributes that are left out: one tool or another does not keep them. */
  readonly withoutAttributes?: RegExp;
  /** Whether times are shown to the second only: old formats have no more. */
  readonly wholeSeconds?: boolean;
  readonly withoutTimes?: boolean;
}

/** A line for each file: path, type, mode, owner, times, attributes, links, content. */
export function describeTree(folder: string, options: DescribeOptions = {}): string[] {
  const root = openFolder(folder);
  const lines: string[] = [];
  const links = new Map<string, string>();
  const visit = (path: string): void => {
    const fd = openInsideNoLinks(root, path, O.O_RDONLY | O.O_DIRECTORY);
    if (fd < 0) throw new Error(`cannot open ${path}: ${fd}`);
    const names = readNames(fd).sort();
    for (const name of names) {
      const status = statusAt(fd, name);
      if (typeof status === "number") throw new Error(`cannot look at ${name}: ${status}`);
      const place = path === "" ? name : `${path}/${name}`;
      lines.push(describe(fd, name, place, status, links, options));
      if ((status.mode & S_IFMT) === S_IFDIR) visit(place);
    }
    closeFd(fd);
  };
  const status = statusAt(root, "");
  if (typeof status !== "number") lines.push(describe(root, "", ".", status, links, options));
  visit("");
  closeFd(root);
  return lines;
}

function describe(
  fd: number,
  name: string,
  path: string,
  status: TreeStatus,
  links: Map<string, string>,
  options: DescribeOptions,
): string {
  const type = status.mode & S_IFMT;
  const parts = [JSON.stringify(path), status.mode.toString(8), `${status.uid}:${status.gid}`];
  if (type === S_IFREG) parts.push(String(status.size), hash(fd, name, status.size));
  if (type === S_IFLNK) parts.push(`-> ${readLinkAt(fd, name)}`);
  if (status.major !== 0 || status.minor !== 0) parts.push(`${status.major},${status.minor}`);
  if (options.withoutTimes !== true) {
    const fraction = options.wholeSeconds === true ? "" : `.${status.nanoseconds}`;
    parts.push(`${status.seconds}${fraction}`);
  }
  if (type !== S_IFDIR && status.linkCount > 1) {
    const first = links.get(status.inode) ?? path;
    links.set(status.inode, first);
    parts.push(`same as ${JSON.stringify(first)}`);
  }
  for (const key of listAttributesAt(fd, name).sort()) {
    if (options.withoutAttributes?.test(key) === true) continue;
    parts.push(`${key}=${Buffer.from(readAttributeAt(fd, name, key) ?? []).toString("hex")}`);
  }
  return parts.join(" ");
}

/** Of large files the beginning and the end: of a hole of gigabytes there is nothing to read. */
function hash(folder: number, name: string, size: number): string {
  const digest = createHash("sha256");
  const path = Buffer.concat([
    Buffer.from(`/proc/self/fd/${folder}/`),
    Buffer.from(name, "latin1"),
  ]);
  const fd = openSync(path, "r");
  const buffer = Buffer.alloc(1024 * 1024);
  const places = size > 64 * 1024 * 1024 ? [0, 3_000_000_000 - 100, size - 1000] : undefined;
  if (places === undefined) {
    for (let at = 0; at < size; at += buffer.length) {
      digest.update(buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, at)));
    }
  } else {
    for (const at of places) digest.update(buffer.subarray(0, readSync(fd, buffer, 0, 200, at)));
  }
  closeSync(fd);
  return digest.digest("hex").slice(0, 16);
}
