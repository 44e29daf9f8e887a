// The filter of a config.json: compiled once, and kept by what it was compiled from.

import { Slot } from "../../../ffi/call.ts";
import { readText } from "../../../ffi/files.ts";
import type { SeccompProgram } from "../../container/request.ts";
import type { Spec } from "../../oci/spec.ts";
import { cachedFilter } from "../../seccomp/cache.ts";
import type { FilterHost } from "../../seccomp/rules.ts";
import { runFolder } from "../run-folder.ts";

/**
 * The compiled `linux.seccomp`, if there is one.
 * @throws UserError for a profile that cannot be had
 */
export function compileSpecSeccomp({ linux }: Spec): SeccompProgram | undefined {
  const profile = linux?.seccomp;
  if (profile === undefined) return undefined;
  const [major = "5", minor = "10"] = readText("/proc/sys/kernel/osrelease").split(".");
  const host: FilterHost = {
    arch: process.arch === "arm64" ? "aarch64" : "x86_64",
    kernel: [parseInt(major, 10), parseInt(minor, 10)],
  };
  const filter = cachedFilter(profile, host, `${runFolder(process.env)}/seccomp`);
  // One that asks somebody gives a descriptor, which is to be brought to them.
  return filter.listener ? { ...filter, listenerSlot: new Slot("listener") } : filter;
}
