// `bunker volume inspect`
import { makeCommand } from "../command.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { toValue } from "../format/template/values.ts";
import { formatRfc3339 } from "../format/units.ts";

export const volumeInspectCommand = makeCommand<{ format: string | undefined }>({
  name: "volume inspect",
  summary: "Display detailed information on one or more volumes",
  usage: "[flags] VOLUME [VOLUME...]",
  failureCode: 1,
  flags: { format: inspectFormatFlag },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, names, context) => {
    const { found, missing } = (await context.engine.volumes()).inspectVolumes(names);
    const volumes = found.map(({ name, createdMs, labels, options, mountpoint }) => ({
      CreatedAt: formatRfc3339(createdMs),
      Driver: "local",
      Labels: orNull(labels),
      Mountpoint: mountpoint,
      Name: name,
      Options: orNull(options),
      Scope: "local",
    }));
    const messages = missing.map((name) => `get ${name}: no such volume`);
    return printInspection(
      { found: volumes.map((each) => toValue(each)), missing: messages },
      format,
      context,
    );
  },
});

/** docker has null where there is nothing. */
function orNull(entries: Readonly<Record<string, string>>) {
  return Object.keys(entries).length === 0 ? null : entries;
}
