// `bunker unshare`: a program in new namespaces, unshare(1).
import { makeCommand } from "./command.ts";
import { makeNamespaceFlags, type NamespaceDraft } from "./namespace-tool.ts";

interface UnshareDraft extends NamespaceDraft {
  fork: boolean;
  mountProc: boolean;
  mapRootUser: boolean;
}

/** `bunker unshare`. */
export const unshareCommand = makeCommand<UnshareDraft>({
  name: "unshare",
  summary: "Run a program in new namespaces",
  usage: "[flags] [PROGRAM [ARG...]]",
  description: "Without a program it is the caller's shell.",
  examples: [
    {
      does: "A shell that is pid 1 and sees only itself",
      line: "bunker unshare -pf --mount-proc /bin/sh",
    },
    { does: "root of a user namespace, without being root", line: "bunker unshare -Ur id" },
  ],
  flags: {
    ...makeNamespaceFlags("New"),
    fork: {
      type: "bool",
      short: "f",
      group: "Program",
      help: "Run the program as a child, so that it is pid 1 of a new PID namespace",
      set: (draft, value) => {
        draft.fork = value;
      },
    },
    "mount-proc": {
      type: "bool",
      group: "Program",
      help: "Mount a fresh /proc (implies --mount)",
      set: (draft, value) => {
        draft.mountProc = value;
      },
    },
    "map-root-user": {
      type: "bool",
      short: "r",
      group: "Program",
      help: "Map the caller to root of the new user namespace (implies --user)",
      set: (draft, value) => {
        draft.mapRootUser = value;
      },
    },
  },
  operands: { min: 0 },
  interspersed: false,
  start: () => ({ namespaces: new Set(), fork: false, mountProc: false, mapRootUser: false }),
  run: async (draft, command, context) => {
    const { namespaces, fork, mountProc, mapRootUser } = draft;
    if (mountProc) namespaces.add("mnt");
    if (mapRootUser) namespaces.add("user");
    return context.engine.unshare({
      namespaces: [...namespaces],
      fork,
      mountProc,
      mapRootUser,
      command,
    });
  },
});
