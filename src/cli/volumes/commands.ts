// `bunker volume …`
import { makeGroup } from "../group.ts";

/** `bunker volume`. */
export const volumeCommand = makeGroup("volume", "Manage volumes", [
  {
    name: "create",
    summary: "Create a volume",
    load: async () => (await import("./create.ts")).volumeCreateCommand,
  },
  {
    name: "inspect",
    summary: "Display detailed information on one or more volumes",
    load: async () => (await import("./inspect.ts")).volumeInspectCommand,
  },
  {
    name: "ls",
    aliases: ["list"],
    summary: "List volumes",
    load: async () => (await import("./list.ts")).volumeListCommand,
  },
  {
    name: "prune",
    summary: "Remove unused local volumes",
    load: async () => (await import("./prune.ts")).volumePruneCommand,
  },
  {
    name: "rm",
    aliases: ["remove"],
    summary: "Remove one or more volumes",
    load: async () => (await import("./remove.ts")).volumeRemoveCommand,
  },
]);
