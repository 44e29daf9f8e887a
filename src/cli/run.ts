// `bunker run`: its definition, and its command line as the engine's options.
import type { RunOptions } from "../engine/run-options.ts";
import { UserError } from "../errors.ts";
import {
  type CommandContext,
  makeCommand,
  parseCommand,
  type CommandDefinition,
} from "./command.ts";
import { checkOptions } from "./run/check.ts";
import { startDraft, type RunContext, type RunDraft } from "./run/draft.ts";
import { filesystemFlags } from "./run/filesystem-flags.ts";
import { imageFlags } from "./run/image-flags.ts";
import { limitFlags } from "./run/limit-flags.ts";
import { healthFlags } from "./run/health-flags.ts";
import { logFlags } from "./run/log-flags.ts";
import { namespaceFlags } from "./run/namespace-flags.ts";
import { finishNetworking, networkFlags, useUsualNetwork } from "./run/network-flags.ts";
import { processFlags } from "./run/process-flags.ts";
import { readEnvFiles, readLabelFiles } from "./run/read-file.ts";
import { splitOperands } from "./run/root.ts";
import { refusedFlags } from "./run/refused.ts";
import { securityFlags } from "./run/security-flags.ts";
import type { Pair } from "./values/pair.ts";

const runDefinition: CommandDefinition<RunDraft> = {
  name: "run",
  summary: "Create and run a new container",
  usage: "[flags] IMAGE|--rootfs FOLDER [COMMAND] [ARG...]",
  description:
    "Where the first operand starts with / or ./ it is a command, and runs on a copy-on-write view " +
    "of this host's own root file system. With --rootfs every operand is the command.\n\n" +
    "The exit code is the command's own, or 128 and the signal's number; 125 where bunker refused " +
    "or failed, 126 where the command cannot be executed, 127 where it is not found.",
  examples: [
    { does: "A shell on a copy of this host", line: "bunker run -it --rm /bin/sh" },
    { does: "A shell in an image, which is pulled", line: "bunker run -it --rm alpine" },
    {
      does: "A program in a folder, within limits",
      line: "bunker run --rm -m 64m --pids-limit 20 --cpus 0.5 --rootfs ./debian /bin/bash",
    },
    {
      does: "A folder of the host, to be read only",
      line: "bunker run --rm -v ./data:/data:ro --rootfs ./debian ls /data",
    },
    {
      does: "What the same would do, without doing it",
      line: "bunker explain run --rootfs ./debian /bin/true",
    },
  ],
  flags: {
    ...processFlags,
    ...logFlags,
    ...healthFlags,
    ...imageFlags,
    ...filesystemFlags,
    ...networkFlags,
    ...namespaceFlags,
    ...limitFlags,
    ...securityFlags,
  },
  refused: refusedFlags,
  operands: { min: 0 },
  interspersed: false,
  start: startDraft,
  run: async (draft, operands, context) => {
    const options = finishRun(draft, operands);
    if (options.detach && options.attach !== undefined) {
      const message = "conflicting options: cannot specify both --attach and --detach";
      throw new UserError(message, undefined, 1);
    }
    return context.engine.runContainer(
      options.root.kind === "image" ? { ...options, ...tellOfPull(context) } : options,
    );
  },
};

/** What the program prints is its own: a pull is told of on stderr. */
function tellOfPull(context: CommandContext): Pick<RunOptions, "pullProgress"> {
  return {
    pullProgress: async () => (await import("./images/progress.ts")).showPullOfRun(context),
  };
}

/** `bunker run`. */
export const runCommand = makeCommand(runDefinition);

/** `bunker create`: the same flags; what is made is not started. */
export const createCommand = makeCommand<RunDraft>({
  ...runDefinition,
  name: "create",
  summary: "Create a new container",
  description: "As `run --detach`, but that the container waits for `bunker start`.",
  examples: [{ does: "A container to be started later", line: "bunker create --name web nginx" }],
  failureCode: 1,
  run: async (draft, operands, context) => {
    const options = { ...finishRun(draft, operands, "create"), detach: true };
    const { createKept } = await context.engine.containers();
    const shown = options.root.kind === "image" ? { ...options, ...tellOfPull(context) } : options;
    context.write(`${await createKept(shown)}\n`);
    return 0;
  },
});

/**
 * Returns the options of a `run` from the words after it; undefined where they ask for help.
 * Nothing is changed: files that flags name are read, paths looked at.
 * @throws UserError the first thing that is wrong; exit code 125, or 1 without operands
 */
export function parseRun(argv: readonly string[], context: RunContext): RunOptions | undefined {
  const draft = startDraft(context);
  const parsed = parseCommand(argv, runDefinition, draft);
  return parsed.help ? undefined : finishRun(draft, parsed.operands);
}

/** Returns the options once all flags are set, checked as a whole. */
function finishRun(draft: RunDraft, operands: readonly string[], command = "run"): RunOptions {
  useUsualNetwork(draft);
  const options: RunOptions = {
    ...draft.options,
    ...splitOperands(draft, operands, command),
    ...(draft.networking !== undefined && finishNetworking(draft)),
    env: [...readEnvFiles(draft.envFiles, draft.context), ...draft.options.env],
    labels: makeRecord([...readLabelFiles(draft.labelFiles, draft.context), ...draft.labels]),
    annotations: makeRecord(draft.annotations),
    sysctls: makeRecord(draft.sysctls),
    ...(draft.volumesFrom.length > 0 && { volumesFrom: draft.volumesFrom }),
  };
  checkOptions(options, draft.context);
  return options;
}

/** The last of each key holds. Start-up time: the first `fromEntries` of a program costs 60 µs. */
function makeRecord(pairs: readonly Pair[]): Readonly<Record<string, string>> {
  return pairs.length === 0 ? {} : Object.fromEntries(pairs);
}
