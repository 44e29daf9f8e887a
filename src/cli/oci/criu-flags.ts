// The flags that `checkpoint` and `restore` share, as the engine's options.
import type { CriuOptions } from "../../engine/oci/criu-options.ts";
import { UserError } from "../../errors.ts";
import type { FlagType, Line } from "./parse.ts";
import { absolutePath } from "./paths.ts";

/** Their names and types. */
export const CRIU_FLAGS: Readonly<Record<string, FlagType>> = {
  "image-path": "text",
  "work-path": "text",
  "tcp-established": "bool",
  "ext-unix-sk": "bool",
  "shell-job": "bool",
  "lazy-pages": "bool",
  "file-locks": "bool",
  "manage-cgroups-mode": "text",
  "empty-ns": "list",
  "auto-dedup": "bool",
};

const CGROUP_MODES = ["soft", "full", "strict", "ignore"];

/** @throws UserError for a mode, or a namespace, that there is not */
export function criuOptions(line: Line): CriuOptions {
  const workPath = line.text("work-path");
  const mode = line.text("manage-cgroups-mode");
  if (mode !== "" && !CGROUP_MODES.includes(mode)) {
    throw new UserError(`Invalid manage-cgroups-mode value: "${mode}"`);
  }
  for (const namespace of line.list("empty-ns")) {
    if (namespace !== "network") throw new UserError(`namespace "${namespace}" is not supported`);
  }
  return {
    id: line.operands[0] ?? "",
    imagePath: absolutePath(line.text("image-path") || "checkpoint"),
    ...(workPath !== "" && { workPath: absolutePath(workPath) }),
    tcpEstablished: line.bool("tcp-established"),
    externalUnixSockets: line.bool("ext-unix-sk"),
    shellJob: line.bool("shell-job"),
    fileLocks: line.bool("file-locks"),
    lazyPages: line.bool("lazy-pages"),
    autoDeduplicate: line.bool("auto-dedup"),
    ...(mode !== "" && { cgroupsMode: mode }),
  };
}
