// Commands that do one thing to each container that is named, and print its name: stop, kill, rm, start,
// restart, pause, unpause, wait, rename.
import { UserError } from "../../errors.ts";
import type { ContainerVerbs } from "../engine.ts";
import { type Command, type CommandDefinition, makeCommand } from "../command.ts";
import { forEachOperand } from "../each.ts";
import type { FlagTable } from "../flag.ts";
import { detachKeysFlag, sigProxyFlag } from "./attach-flags.ts";
import { forceFlag } from "../format/format-flags.ts";

type Plain = Record<never, never>;

/** A command for each of its operands; docker's `container NAME` is the same. */
function forEach<D>(
  words: Pick<CommandDefinition<D>, "name" | "summary" | "description" | "examples" | "refused">,
  flags: FlagTable<D>,
  start: () => D,
  act: (verbs: ContainerVerbs, name: string, draft: D) => void | Promise<void>,
  isPassedOver: (error: unknown, draft: D) => boolean = () => false,
): Command {
  return makeCommand<D>({
    ...words,
    usage: "[flags] CONTAINER [CONTAINER...]",
    failureCode: 1,
    flags,
    operands: { min: 1 },
    interspersed: true,
    start,
    run: async (draft, names, context) => {
      const verbs = await context.engine.containers();
      const isFine = (error: unknown): boolean => isPassedOver(error, draft);
      const actAndTell = async (name: string) => {
        await act(verbs, name, draft);
        context.write(`${name}\n`);
      };
      return forEachOperand(names, context, actAndTell, isFine);
    },
  });
}

interface StopDraft {
  signal?: string;
  timeoutS?: number;
}

const stopFlags: FlagTable<StopDraft> = {
  signal: {
    type: "text",
    short: "s",
    group: "Flags",
    help: "Signal to send to the container",
    set: (draft, text) => {
      draft.signal = text;
    },
  },
  timeout: {
    type: "int",
    short: "t",
    aliases: ["time"],
    formerly: "time",
    group: "Flags",
    help: "Seconds to wait before killing the container",
    set: (draft, value) => {
      draft.timeoutS = value;
    },
  },
};

export const stopCommand = forEach<StopDraft>(
  {
    name: "stop",
    summary: "Stop one or more running containers",
    description:
      "The container gets its stop signal (SIGTERM unless said), and SIGKILL where it has not ended " +
      "after the timeout: its own, or 10 seconds; -1 waits for ever.",
    examples: [{ does: "Within a second at most", line: "bunker stop --timeout 1 web db" }],
  },
  stopFlags,
  () => ({}),
  (verbs, name, draft) => verbs.stopContainer(name, draft),
);

export const restartCommand = forEach<StopDraft>(
  {
    name: "restart",
    summary: "Restart one or more containers",
    examples: [
      { does: "At once, without waiting for its end", line: "bunker restart --timeout 0 web" },
    ],
  },
  stopFlags,
  () => ({}),
  (verbs, name, draft) => verbs.restartContainer(name, draft),
);

export const killCommand = forEach<{ signal: string }>(
  {
    name: "kill",
    summary: "Kill one or more running containers",
    examples: [{ does: "Have it read its configuration again", line: "bunker kill -s HUP web" }],
  },
  {
    signal: {
      type: "text",
      short: "s",
      group: "Flags",
      fallback: "KILL",
      help: "Signal to send to the container",
      set: (draft, text) => {
        draft.signal = text;
      },
    },
  },
  () => ({ signal: "KILL" }),
  (verbs, name, { signal }) => verbs.killContainer(name, signal),
);

export const pauseCommand = forEach<Plain>(
  {
    name: "pause",
    summary: "Pause all processes within one or more containers",
    examples: [
      { does: "Hold one, and let it go on", line: "bunker pause web; bunker unpause web" },
    ],
  },
  {},
  () => ({}),
  (verbs, name) => verbs.pauseContainer(name),
);

export const unpauseCommand = forEach<Plain>(
  {
    name: "unpause",
    summary: "Unpause all processes within one or more containers",
    examples: [{ does: "Let one go on", line: "bunker unpause web" }],
  },
  {},
  () => ({}),
  (verbs, name) => verbs.unpauseContainer(name),
);

const CHECKPOINT = "checkpoints are made and restored by 'bunker oci' alone";

interface StartDraft {
  attach: boolean;
  interactive: boolean;
  sigProxy: boolean;
  detachKeys?: string;
}

export const startCommand: Command = makeCommand<StartDraft>({
  name: "start",
  summary: "Start one or more stopped containers",
  usage: "[flags] CONTAINER [CONTAINER...]",
  examples: [
    { does: "Two that were stopped", line: "bunker start web db" },
    { does: "A shell that was left", line: "bunker start --attach --interactive work" },
  ],
  refused: {
    checkpoint: CHECKPOINT,
    "checkpoint-dir": CHECKPOINT,
  },
  failureCode: 1,
  flags: {
    attach: {
      type: "bool",
      short: "a",
      group: "Flags",
      help: "Attach STDOUT/STDERR and forward signals",
      set: (draft, value) => {
        draft.attach = value;
      },
    },
    "detach-keys": detachKeysFlag(),
    interactive: {
      type: "bool",
      short: "i",
      group: "Flags",
      help: "Attach container's STDIN",
      set: (draft, value) => {
        draft.interactive = value;
      },
    },
    "sig-proxy": { ...sigProxyFlag(), hidden: true },
  },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ attach: false, interactive: false, sigProxy: true }),
  run: async ({ attach, ...options }, names, context) => {
    const verbs = await context.engine.containers();
    if (!attach && !options.interactive) {
      return forEachOperand(names, context, async (name) => {
        await verbs.startContainer(name);
        context.write(`${name}\n`);
      });
    }
    if (names.length > 1) {
      throw new UserError("you cannot start and attach multiple containers at once");
    }
    return verbs.startAttached(names[0] ?? "", options);
  },
});

interface RemoveDraft {
  force: boolean;
  volumes: boolean;
}

export const rmCommand = forEach<RemoveDraft>(
  {
    name: "rm",
    summary: "Remove one or more containers",
    refused: { link: "there are no links between containers, but networks" },
    examples: [
      { does: "One that still runs, with its volumes", line: "bunker rm --force --volumes web" },
      { does: "All that have ended", line: "bunker container prune" },
    ],
  },
  {
    force: forceFlag("Force the removal of a running container (uses SIGKILL)"),
    volumes: {
      type: "bool",
      short: "v",
      group: "Flags",
      help: "Remove anonymous volumes associated with the container",
      set: (draft, value) => {
        draft.volumes = value;
      },
    },
  },
  () => ({ force: false, volumes: false }),
  (verbs, name, draft) => verbs.removeContainer(name, draft),
  // As docker has it: what is not there is told of, and as good as removed.
  (error, { force }) =>
    force && error instanceof Error && error.message.startsWith("No such container"),
);

export const waitCommand: Command = makeCommand<Plain>({
  name: "wait",
  summary: "Block until one or more containers stop, then print their exit codes",
  usage: "CONTAINER [CONTAINER...]",
  examples: [{ does: "Its exit code, once it has ended", line: "bunker wait work" }],
  failureCode: 1,
  flags: {},
  operands: { min: 1 },
  interspersed: true,
  start: () => ({}),
  run: async (_draft, names, context) => {
    const verbs = await context.engine.containers();
    return forEachOperand(names, context, async (name) => {
      context.write(`${await verbs.waitForContainer(name)}\n`);
    });
  },
});

export const renameCommand: Command = makeCommand<Plain>({
  name: "rename",
  summary: "Rename a container",
  usage: "CONTAINER NEW_NAME",
  examples: [{ does: "Make room for another web", line: "bunker rename web web-old" }],
  failureCode: 1,
  flags: {},
  operands: { min: 2, max: 2 },
  interspersed: true,
  start: () => ({}),
  run: async (_draft, [name = "", wanted = ""], context) => {
    const { parseName } = await import("../values/name.ts");
    await (await context.engine.containers()).renameContainer(name, () => parseName(wanted));
    return 0;
  },
});
