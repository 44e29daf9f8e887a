// The seccomp program of a container: none, the one that was compiled ahead, or one compiled from a
// profile and kept in a cache.

import type { SeccompProgram } from "../container/request.ts";
import { precompiledFor } from "../seccomp/default-filter.ts";
import type { FilterHost } from "../seccomp/rules.ts";
import type { MadeSpec } from "./make-spec.ts";

/** undefined for an unconfined container. @throws UserError for a profile that cannot be used */
export async function loadSeccomp(
  { spec, seccomp }: MadeSpec,
  cacheFolder: string,
): Promise<SeccompProgram | undefined> {
  if (seccomp.kind === "unconfined") return undefined;
  const capabilities = spec.process?.capabilities?.bounding ?? [];
  const arch: FilterHost["arch"] = process.arch === "arm64" ? "aarch64" : "x86_64";
  const ready = seccomp.kind === "default" ? precompiledFor(arch, capabilities) : undefined;
  if (ready !== undefined) return ready;
  // Loaded only here: the compiler and its tables are the largest part of bunker.
  const { compileSeccomp } = await import("./compile-seccomp.ts");
  return compileSeccomp(seccomp, capabilities, arch, cacheFolder);
}
