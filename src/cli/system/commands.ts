// `bunker system …`
import { makeGroup } from "../group.ts";

/** `bunker system`. */
export const systemCommand = makeGroup("system", "Manage what bunker keeps on this machine", [
  {
    name: "boot",
    summary: "Start the containers whose restart policy says so",
    load: async () => (await import("./boot.ts")).systemBootCommand,
  },
  {
    name: "check",
    summary: "Look for damage in what is kept, and repair it",
    load: async () => (await import("./check.ts")).systemCheckCommand,
  },
  {
    name: "df",
    summary: "Show disk usage",
    load: async () => (await import("./disk-usage.ts")).systemDfCommand,
  },
  {
    name: "events",
    summary: "Get real time events of containers, images, volumes and networks",
    load: async () => (await import("../containers/events.ts")).eventsCommand,
  },
  {
    name: "info",
    summary: "Display system-wide information",
    load: async () => (await import("./info.ts")).infoCommand,
  },
  {
    name: "prune",
    summary: "Remove unused data",
    load: async () => (await import("./prune.ts")).systemPruneCommand,
  },
  {
    name: "unit",
    summary: "Print a unit of systemd that starts containers at boot",
    load: async () => (await import("./boot.ts")).systemUnitCommand,
  },
]);
