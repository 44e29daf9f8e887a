// `bunker version` and `bunker --version`.
import manifest from "../../package.json" with { type: "json" };
import { thisPlatform } from "../engine/system/platform.ts";
import { makeCommand } from "./command.ts";
import { formatObject } from "./format/inspect.ts";
import { inspectFormatFlag } from "./format/format-flags.ts";

/** What `--version` prints. */
export const versionLine = `bunker version ${manifest.version}\n`;

/** `bunker version`. */
export const versionCommand = makeCommand<{ format: string | undefined }>({
  name: "version",
  summary: "Show the version",
  usage: "[flags]",
  description:
    "With --format, what scripts ask docker for: .Client and .Server are both this executable.",
  examples: [{ does: "The number alone", line: "bunker version --format '{{.Server.Version}}'" }],
  failureCode: 1,
  flags: { format: inspectFormatFlag },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, _operands, context) => {
    const known = describe(context.readText("/proc/sys/kernel/osrelease").trim());
    context.write(
      format ? await formatObject(known, format, "system.versionInfo") : formatText(known),
    );
    return 0;
  },
});

/** docker's fields, where there is something to say. */
function describe(kernel: string) {
  const platform = { Name: "bunker" };
  const { os, architecture } = thisPlatform();
  const common = { Version: manifest.version, Os: os, Arch: architecture };
  return {
    Client: { Platform: platform, ...common, Context: "default" },
    Server: {
      Platform: platform,
      Components: [{ Name: "bunker", Version: manifest.version }],
      ...common,
      KernelVersion: kernel,
    },
  };
}

function formatText({ Client, Server }: ReturnType<typeof describe>): string {
  const rows = [
    ["Version:", Client.Version],
    ["OS/Arch:", `${Client.Os}/${Client.Arch}`],
    ["Kernel Version:", Server.KernelVersion],
    ["Server:", "none: there is no daemon"],
  ];
  return `bunker:\n${rows.map(([name = "", value]) => ` ${name.padEnd(18)} ${value}\n`).join("")}`;
}
