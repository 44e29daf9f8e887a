// `bunker cp`: files between a container and the host.
import { UserError } from "../../errors.ts";
import { type Command, makeCommand } from "../command.ts";
import { formatBytes } from "../format/units.ts";

interface CopyDraft {
  archive: boolean;
  followLink: boolean;
  quiet: boolean;
}

export const cpCommand: Command = makeCommand<CopyDraft>({
  name: "cp",
  summary: "Copy files/folders between a container and the local filesystem",
  usage: "[flags] CONTAINER:SRC_PATH DEST_PATH|- | SRC_PATH|- CONTAINER:DEST_PATH",
  description:
    "The container may run or not. Use '-' as the source to read a tar archive from stdin and extract " +
    "it to a directory in a container, and as the destination to write a tar archive of a " +
    "container's files to stdout. A folder goes into one that is there, and becomes one that is not; " +
    "with '/.' at its end, what is in it is copied.",
  examples: [
    { does: "A file out of a container", line: "bunker cp web:/etc/nginx/nginx.conf ." },
    { does: "What is in a folder into one", line: "bunker cp site/. web:/usr/share/nginx/html" },
    { does: "An archive of a folder", line: "bunker cp web:/var/log - > log.tar" },
  ],
  failureCode: 1,
  flags: {
    archive: {
      type: "bool",
      short: "a",
      group: "Flags",
      help: "Archive mode (copy all uid/gid information)",
      set: (draft, value) => {
        draft.archive = value;
      },
    },
    "follow-link": {
      type: "bool",
      short: "L",
      group: "Flags",
      help: "Always follow symbol link in SRC_PATH",
      set: (draft, value) => {
        draft.followLink = value;
      },
    },
    quiet: {
      type: "bool",
      short: "q",
      group: "Flags",
      help: "Suppress what is said of the copy; nothing is where stderr is no terminal",
      set: (draft, value) => {
        draft.quiet = value;
      },
    },
  },
  operands: { min: 2, max: 2 },
  interspersed: true,
  start: () => ({ archive: false, followLink: false, quiet: false }),
  run: async ({ quiet, ...draft }, [from = "", to = ""], context) => {
    const source = splitPlace(from);
    const target = splitPlace(to);
    if (source !== undefined && target !== undefined) {
      throw new UserError("copying between containers is not supported");
    }
    const place = source ?? target;
    if (place === undefined) throw new UserError("must specify at least one container source");
    const local = source === undefined ? from : to;
    if (local === "") throw new UserError("a path must not be empty");
    const verbs = await context.engine.containers();
    const options = { ...draft, ...place, local, cwd: context.cwd() };
    const bytes = await (source === undefined
      ? verbs.copyToContainer(options)
      : verbs.copyFromContainer(options));
    if (!quiet && context.isTerminal(2) && to !== "-") {
      context.writeError(`Successfully copied ${formatBytes(bytes, 3)} to ${to}\n`);
    }
    return 0;
  },
});

/** `CONTAINER:PATH`; undefined for a path of the host, or `-`. */
function splitPlace(text: string): { container: string; path: string } | undefined {
  const colon = text.indexOf(":");
  if (colon < 0 || text.startsWith("/") || text.startsWith(".")) return undefined;
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}
