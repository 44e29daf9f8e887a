// The seccomp program of a container: none, the one that was compiled ahead, or one compiled from a
// profile and kept in a cache.

import { readFileSync } from "node:fs";
import type { SeccompProgram } from "../container/request.ts";
import { UserError } from "../errors.ts";
import { precompiledFor } from "../seccomp/default-filter.ts";
import type { MadeSpec } from "./make-spec.ts";

/** undefined for an unconfined container. @throws UserError for a profile that cannot be used */
export function loadSeccomp({ spec, seccomp }: MadeSpec): SeccompProgram | undefined {
  if (seccomp.kind === "unconfined") return undefined;
  const capabilities = spec.process?.capabilities?.bounding ?? [];
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  if (seccomp.kind === "default") {
    const ready = precompiledFor(arch, capabilities);
    if (ready !== undefined) return ready;
    throw new UserError("not there yet: default filter for other capabilities");
  }
  readFileSync(seccomp.path ?? "");
  throw new UserError("not there yet: profiles");
}
