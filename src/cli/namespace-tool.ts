// What the small namespace tools share: the flags that name namespaces, with util-linux's letters.
import type { NamespaceName } from "../engine/tool-options.ts";
import type { Flag, FlagTable } from "./flag.ts";

/** A draft that such flags fill. */
export interface NamespaceDraft {
  readonly namespaces: Set<NamespaceName>;
}

/** Returns a flag for each namespace; `help` begins with the given words. */
export function makeNamespaceFlags(does: string): FlagTable<NamespaceDraft> {
  const flag = (short: string, name: NamespaceName, title: string): Flag<NamespaceDraft> => ({
    type: "bool",
    short,
    group: "Namespaces",
    help: `${does} ${title} namespace`,
    set: ({ namespaces }, value) => {
      if (value) namespaces.add(name);
      else namespaces.delete(name);
    },
  });
  return {
    mount: flag("m", "mnt", "mount"),
    uts: flag("u", "uts", "UTS"),
    ipc: flag("i", "ipc", "IPC"),
    net: flag("n", "net", "network"),
    pid: flag("p", "pid", "PID"),
    user: flag("U", "user", "user"),
    cgroup: flag("C", "cgroup", "cgroup"),
    time: flag("T", "time", "time"),
  };
}
