// `bunker exec`
import type { ExecOptions } from "../../engine/containers/exec.ts";
import { detachKeysFlag } from "./attach-flags.ts";
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import { parseEnv } from "../values/environment.ts";
import { parseUser } from "../values/name.ts";

type Draft = { -readonly [Key in keyof ExecOptions]: ExecOptions[Key] } & {
  env: string[];
  readonly envFiles: string[];
  readonly variables: Readonly<Record<string, string | undefined>>;
};

export const execCommand: Command = makeCommand<Draft>({
  name: "exec",
  summary: "Execute a command in a running container",
  usage: "[flags] CONTAINER COMMAND [ARG...]",
  examples: [
    { does: "A shell in one that runs", line: "bunker exec -it web sh" },
    { does: "A command as somebody else", line: "bunker exec --user nobody --workdir /srv web ls" },
  ],
  failureCode: 1,
  flags: {
    detach: {
      type: "bool",
      short: "d",
      group: "Flags",
      help: "Detached mode: run command in the background",
      set: (draft, value) => {
        draft.detach = value;
      },
    },
    "detach-keys": detachKeysFlag(),
    env: {
      type: "list",
      short: "e",
      group: "Flags",
      help: "Set environment variables",
      set: (draft, text) => {
        draft.asksVariables = true;
        const variable = parseEnv(text, draft.variables);
        if (variable !== undefined) draft.env.push(variable);
      },
    },
    "env-file": {
      type: "list",
      group: "Flags",
      placeholder: "file",
      help: "Read in a file of environment variables",
      set: (draft, text) => {
        draft.asksVariables = true;
        draft.envFiles.push(text);
      },
    },
    interactive: {
      type: "bool",
      short: "i",
      group: "Flags",
      help: "Keep STDIN open even if not attached",
      set: (draft, value) => {
        draft.interactive = value;
      },
    },
    privileged: {
      type: "bool",
      group: "Flags",
      help: "Give extended privileges to the command",
      set: (draft, value) => {
        draft.privileged = value;
      },
    },
    tty: {
      type: "bool",
      short: "t",
      group: "Flags",
      help: "Allocate a pseudo-TTY",
      set: (draft, value) => {
        draft.tty = value;
      },
    },
    user: {
      type: "text",
      short: "u",
      group: "Flags",
      help: 'Username or UID (format: "<name|uid>[:<group|gid>]")',
      set: (draft, text) => {
        draft.user = parseUser(text);
      },
    },
    workdir: {
      type: "text",
      short: "w",
      group: "Flags",
      help: "Working directory inside the container",
      set: (draft, text) => {
        draft.workdir = text;
      },
    },
  },
  operands: { min: 2 },
  interspersed: false,
  start: ({ env }) => ({
    command: [],
    detach: false,
    interactive: false,
    tty: false,
    env: [],
    asksVariables: false,
    envFiles: [],
    privileged: false,
    variables: env,
  }),
  run: async ({ variables: _, envFiles, ...options }, [name = "", ...command], context) => {
    const env = [...(await readFiles(envFiles, context)), ...options.env];
    const verbs = await context.engine.containers();
    return verbs.execInContainer(name, { ...options, env, command });
  },
});

/** Start-up: what reads files is loaded for who names one. */
async function readFiles(paths: readonly string[], context: CommandContext): Promise<string[]> {
  if (paths.length === 0) return [];
  const { readEnvFiles } = await import("../run/read-file.ts");
  return readEnvFiles(paths, context);
}
