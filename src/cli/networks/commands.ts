// `bunker network …`
import { makeGroup } from "../group.ts";

/** `bunker network`. */
export const networkCommand = makeGroup("network", "Manage networks", [
  {
    name: "connect",
    summary: "Connect a container to a network",
    load: async () => (await import("./connect.ts")).networkConnectCommand,
  },
  {
    name: "create",
    summary: "Create a network",
    load: async () => (await import("./create.ts")).networkCreateCommand,
  },
  {
    name: "disconnect",
    summary: "Disconnect a container from a network",
    load: async () => (await import("./connect.ts")).networkDisconnectCommand,
  },
  {
    name: "inspect",
    summary: "Display detailed information on one or more networks",
    load: async () => (await import("./inspect.ts")).networkInspectCommand,
  },
  {
    name: "ls",
    aliases: ["list"],
    summary: "List networks",
    load: async () => (await import("./list.ts")).networkListCommand,
  },
  {
    name: "prune",
    summary: "Remove all unused networks",
    load: async () => (await import("./prune.ts")).networkPruneCommand,
  },
  {
    name: "rm",
    aliases: ["remove"],
    summary: "Remove one or more networks",
    load: async () => (await import("./remove.ts")).networkRemoveCommand,
  },
]);
