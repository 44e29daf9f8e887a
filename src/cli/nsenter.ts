// `bunker nsenter`: a program in namespaces that exist already, nsenter(1).
import { UserError } from "../errors.ts";
import { makeCommand } from "./command.ts";
import type { EnterTarget } from "../engine/tool-options.ts";
import { makeNamespaceFlags, type NamespaceDraft } from "./namespace-tool.ts";
import { resolvePath } from "./values/path.ts";
import { readDigits } from "./values/number.ts";

interface EnterDraft extends NamespaceDraft {
  readonly targets: EnterTarget[];
  cwd(): string;
}

/** `bunker nsenter`. */
export const nsenterCommand = makeCommand<EnterDraft>({
  name: "nsenter",
  summary: "Run a program in the namespaces of a process",
  usage: "-t PID|FILE [flags] [PROGRAM [ARG...]]",
  description:
    "Without a flag that names one, all namespaces of the process are entered. Without a program " +
    "it is the caller's shell.",
  examples: [
    { does: "A shell in a container's network", line: "bunker nsenter -t 4711 -n /bin/sh" },
    { does: "A namespace by its file", line: "bunker nsenter -t /run/netns/blue ip link" },
  ],
  flags: {
    target: {
      type: "list",
      short: "t",
      group: "Target",
      placeholder: "PID|FILE",
      help: "A process, or the file of a namespace; may be given several times",
      set: (draft, text) => {
        draft.targets.push(parseTarget(text, draft.cwd()));
      },
    },
    ...makeNamespaceFlags("Enter the"),
  },
  operands: { min: 0 },
  interspersed: false,
  start: (context) => ({ namespaces: new Set(), targets: [], cwd: () => context.cwd() }),
  run: async (draft, command, context) => {
    const { namespaces, targets } = draft;
    if (targets.length === 0) {
      throw new UserError("no process or namespace to enter", "say which with -t PID or -t FILE");
    }
    return context.engine.enterNamespaces({ targets, namespaces: [...namespaces], command });
  },
});

function parseTarget(text: string, cwd: string): EnterTarget {
  const pid = readDigits(text);
  if (pid !== undefined && pid > 0) return { kind: "pid", pid };
  if (text.includes("/")) return { kind: "file", path: resolvePath(text, cwd) };
  throw new UserError("must be the number of a process or the path of a namespace's file");
}
