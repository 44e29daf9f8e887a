// `bunker attach`
import { type Command, makeCommand } from "../command.ts";
import { detachKeysFlag, sigProxyFlag } from "./attach-flags.ts";

interface AttachDraft {
  noStdin: boolean;
  sigProxy: boolean;
  detachKeys?: string;
}

export const attachCommand: Command = makeCommand<AttachDraft>({
  name: "attach",
  summary: "Attach local standard input, output, and error streams to a running container",
  description:
    "What the container writes from now on is shown; what is typed goes to it where it was made with " +
    "--interactive. The detach keys leave a container with a terminal running.",
  examples: [{ does: "Back to a shell that was left by ctrl-p ctrl-q", line: "bunker attach web" }],
  usage: "[flags] CONTAINER",
  failureCode: 1,
  flags: {
    "detach-keys": detachKeysFlag(),
    "no-stdin": {
      type: "bool",
      group: "Flags",
      help: "Do not attach STDIN",
      set: (draft, value) => {
        draft.noStdin = value;
      },
    },
    "sig-proxy": sigProxyFlag(),
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({ noStdin: false, sigProxy: true }),
  run: async ({ noStdin, ...options }, [name = ""], context) => {
    const verbs = await context.engine.containers();
    return verbs.attachContainer(name, { ...options, stdin: !noStdin });
  },
});
