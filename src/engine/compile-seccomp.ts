// Compiling a seccomp profile that was not compiled ahead: a file, or the default one for other
// capabilities than docker's. The result is kept in a cache.

import { readText } from "../../ffi/files.ts";
import type { SeccompProgram } from "../container/request.ts";
import { UserError } from "../errors.ts";
import { parseJson } from "../oci/parse.ts";
import { cachedFilter } from "../seccomp/cache.ts";
import { defaultProfile } from "../seccomp/default-profile.ts";
import { type ProfileHost, resolveProfile } from "../seccomp/docker-profile.ts";
import type { FilterHost } from "../seccomp/rules.ts";
import type { SeccompChoice } from "./spec-security.ts";

/**
 * The program of a profile.
 * @param capabilities the bounding set of the container
 * @param cacheFolder where compiled profiles are kept; made where it is missing
 * @throws UserError naming what is wrong in it
 */
export function compileSeccomp(
  choice: SeccompChoice,
  capabilities: readonly string[],
  arch: FilterHost["arch"],
  cacheFolder: string,
): SeccompProgram {
  const host: ProfileHost = { arch, kernel: kernelVersion(), capabilities };
  if (choice.kind !== "profile") return cachedFilter(defaultProfile(host), host, cacheFolder);
  try {
    return compileFile(choice.path, host, cacheFolder);
  } catch (cause) {
    const message = `cannot use seccomp profile "${choice.path}"`;
    throw new UserError(message, undefined, 125, { cause });
  }
}

function compileFile(path: string, host: ProfileHost, cacheFolder: string): SeccompProgram {
  const profile = resolveProfile(parseJson("it", readText(path)), host);
  const filter = cachedFilter(profile, host, cacheFolder);
  if (!filter.listener) return filter;
  // Kernel: without anybody at the listener, such a system call waits for ever.
  throw new UserError("SCMP_ACT_NOTIFY needs a program that answers it, which run does not start");
}

function kernelVersion(): [number, number] {
  const [major = "5", minor = "10"] = readText("/proc/sys/kernel/osrelease").split(".");
  return [parseInt(major, 10), parseInt(minor, 10)];
}
