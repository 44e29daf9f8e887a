// `checkpoint`: its flags as the engine's options.
import { checkpointContainer, type CheckpointOptions } from "../../../engine/oci/checkpoint.ts";
import { UserError } from "../../../errors.ts";
import { CRIU_FLAGS, criuOptions } from "../criu-flags.ts";
import type { Line } from "../parse.ts";
import type { Verb } from "../verb.ts";

/** `checkpoint`. */
export const checkpointVerb: Verb = {
  name: "checkpoint",
  flags: {
    ...CRIU_FLAGS,
    "parent-path": "text",
    "leave-running": "bool",
    "tcp-skip-in-flight": "bool",
    "link-remap": "bool",
    "status-fd": "int",
    "page-server": "text",
    "pre-dump": "bool",
  },
  operands: [1, 1],
  run: async (line, { globals }) => {
    await checkpointContainer(checkpointOptions(line), globals);
    return 0;
  },
};

/** @throws UserError */
export function checkpointOptions(line: Line): CheckpointOptions {
  const parentPath = line.text("parent-path");
  const server = line.text("page-server");
  const statusFd = line.has("status-fd") ? line.int("status-fd") : -1;
  return {
    ...criuOptions(line),
    leaveRunning: line.bool("leave-running"),
    preDump: line.bool("pre-dump"),
    linkRemap: line.bool("link-remap"),
    skipInFlight: line.bool("tcp-skip-in-flight"),
    ...(parentPath !== "" && { parentPath }),
    ...(server !== "" && { pageServer: parsePageServer(server) }),
    ...(statusFd >= 0 && { statusFd }),
  };
}

function parsePageServer(text: string): NonNullable<CheckpointOptions["pageServer"]> {
  const [, bracketed, plain, port = ""] = /^(?:\[(.+)\]|([^:]+)):([^:]+)$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? "";
  if (address === "") throw new UserError("Use --page-server ADDRESS:PORT to specify page server");
  const number = /^\d+$/.test(port) ? Number(port) : NaN;
  if (!(number <= 65535)) throw new UserError("Invalid port number");
  return { address, port: number };
}
