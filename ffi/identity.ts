// unistd.h and grp.h: users and groups of this process. libc's calls change all threads at once.

import { rawCall } from "./syscall.ts";
import { check, library, scratch } from "./library.ts";

const unistdH = library({
  getuid: ["u32"],
  getgid: ["u32"],
  getegid: ["u32"],
  setresuid: ["i32", "u32", "u32", "u32"],
  setresgid: ["i32", "u32", "u32", "u32"],
  setgroups: ["i32", "i64", "pointer"],
  getgroups: ["i32", "i32", "pointer"],
});

/** As an argument of setresuid and setresgid: this id stays as it is. */
export const UNCHANGED = 0xffffffff;

/** The real user id. */
export const getuid = (): number => unistdH().getuid();
/** The effective user id. */
export const geteuid = (): number => rawCall("geteuid");
/** The real group id. */
export const getgid = (): number => unistdH().getgid();
/** The effective group id. */
export const getegid = (): number => unistdH().getegid();

/** Sets the real, effective and saved user id. setresuid(2); EINVAL for an id without a map. */
export function setresuid(real: number, effective: number, saved: number): void {
  const detail = `${real}, ${effective}, ${saved}`;
  check(unistdH().setresuid(real, effective, saved), "setresuid", { detail });
}

/** Sets the real, effective and saved group id. setresgid(2) */
export function setresgid(real: number, effective: number, saved: number): void {
  const detail = `${real}, ${effective}, ${saved}`;
  check(unistdH().setresgid(real, effective, saved), "setresgid", { detail });
}

/** Sets whom new files of this thread belong to; the one before. setfsuid(2) */
export const setfsuid = (id: number): number => rawCall("setfsuid", id);

/** Sets which group new files of this thread belong to; the one before. setfsgid(2) */
export const setfsgid = (id: number): number => rawCall("setfsgid", id);

/** Replaces the supplementary groups. setgroups(2); EPERM where /proc/self/setgroups says deny. */
export function setgroups(groups: readonly number[]): void {
  const list = scratch(Math.max(4, groups.length * 4));
  const view = new DataView(list.bytes.buffer, list.bytes.byteOffset);
  groups.forEach((group, i) => view.setUint32(i * 4, group, true));
  const result = unistdH().setgroups(groups.length, list.address);
  check(result, "setgroups", () => ({ detail: groups.join(", ") }));
}

/** The supplementary groups. getgroups(2) */
export function getgroups(): number[] {
  const count = check(unistdH().getgroups(0, 0), "getgroups");
  const list = scratch(count * 4);
  const filled = check(unistdH().getgroups(count, list.address), "getgroups");
  const view = new DataView(list.bytes.buffer, list.bytes.byteOffset);
  return Array.from({ length: filled }, (_, i) => view.getUint32(i * 4, true));
}
