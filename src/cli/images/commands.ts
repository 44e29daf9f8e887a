// `bunker image …`
import { makeGroup } from "../group.ts";

/** `bunker image`. */
export const imageCommand = makeGroup("image", "Manage images", [
  {
    name: "history",
    summary: "Show the history of an image",
    load: async () => (await import("./history.ts")).historyCommand,
  },
  {
    name: "import",
    summary: "Import the contents from a tarball to create a filesystem image",
    load: async () => (await import("./import.ts")).importCommand,
  },
  {
    name: "inspect",
    summary: "Display detailed information on one or more images",
    load: async () => (await import("./inspect.ts")).imageInspectCommand,
  },
  {
    name: "load",
    summary: "Load an image from a tar archive or STDIN",
    load: async () => (await import("./load.ts")).loadCommand,
  },
  {
    name: "ls",
    aliases: ["list"],
    summary: "List images",
    load: async () => (await import("./list.ts")).imagesCommand,
  },
  {
    name: "prune",
    summary: "Remove unused images",
    load: async () => (await import("./prune.ts")).imagePruneCommand,
  },
  {
    name: "pull",
    summary: "Download an image from a registry",
    load: async () => (await import("./pull.ts")).pullCommand,
  },
  {
    name: "push",
    summary: "Upload an image to a registry",
    load: async () => (await import("./push.ts")).pushCommand,
  },
  {
    name: "rm",
    aliases: ["remove"],
    summary: "Remove one or more images",
    load: async () => (await import("./remove.ts")).rmiCommand,
  },
  {
    name: "save",
    summary: "Save one or more images to a tar archive (streamed to STDOUT by default)",
    load: async () => (await import("./save.ts")).saveCommand,
  },
  {
    name: "tag",
    summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
    load: async () => (await import("./tag.ts")).tagCommand,
  },
]);
