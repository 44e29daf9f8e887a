// `bunker commit`, `bunker diff` and `bunker export`: a container's layers.
import { type Command, makeCommand } from "../command.ts";
import { changeFlag, messageFlag } from "./change-flags.ts";
import { type OutputDraft, outputFlag, refuseTerminal } from "./output-flag.ts";

interface CommitDraft {
  author: string;
  message: string;
  pause: boolean;
  readonly changes: string[];
}

export const commitCommand: Command = makeCommand<CommitDraft>({
  name: "commit",
  summary: "Create a new image from a container's changes",
  usage: "[flags] CONTAINER [REPOSITORY[:TAG]]",
  examples: [
    {
      does: "An image of what a container has become",
      line: "bunker commit --message 'with curl' work debian:curl",
    },
    {
      does: "With another command",
      line: "bunker commit --change 'CMD [\"/bin/bash\"]' work debian:mine",
    },
  ],
  failureCode: 1,
  flags: {
    author: {
      type: "text",
      short: "a",
      group: "Flags",
      help: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")',
      set: (draft, text) => {
        draft.author = text;
      },
    },
    change: changeFlag,
    message: messageFlag("Commit message"),
    pause: {
      type: "bool",
      short: "p",
      group: "Flags",
      fallback: "true",
      help: "Pause container during commit",
      set: (draft, value) => {
        draft.pause = value;
      },
    },
  },
  operands: { min: 1, max: 2 },
  interspersed: true,
  start: () => ({ author: "", message: "", pause: true, changes: [] }),
  run: async (draft, [container = "", name], context) => {
    const { commitContainer } = await context.engine.images();
    const id = await commitContainer({ ...draft, container, ...(name !== undefined && { name }) });
    context.write(`${id}\n`);
    return 0;
  },
});

export const diffCommand: Command = makeCommand<undefined>({
  name: "diff",
  summary: "Inspect changes to files or directories on a container's filesystem",
  usage: "CONTAINER",
  examples: [{ does: "Added (A), changed (C) and deleted (D) files", line: "bunker diff web" }],
  failureCode: 1,
  flags: {},
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => undefined,
  run: async (_draft, [container = ""], context) => {
    const { diffContainer } = await context.engine.images();
    const changes = await diffContainer(container);
    context.write(changes.map(({ kind, path }) => `${kind} ${path}\n`).join(""));
    return 0;
  },
});

export const exportCommand: Command = makeCommand<OutputDraft>({
  name: "export",
  summary: "Export a container's filesystem as a tar archive",
  usage: "[flags] CONTAINER",
  examples: [{ does: "All files as an archive", line: "bunker export --output web.tar web" }],
  failureCode: 1,
  flags: {
    output: outputFlag,
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({ output: undefined }),
  run: async ({ output }, [container = ""], context) => {
    refuseTerminal({ output }, context);
    const { exportContainer } = await context.engine.images();
    await exportContainer(container, output);
    return 0;
  },
});
