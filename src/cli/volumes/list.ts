// `bunker volume ls`
import type { VolumeRow } from "../../engine/volumes/verbs.ts";
import { makeCommand } from "../command.ts";
import { filterFlag, readSwitch, requireKeys } from "../format/filter.ts";
import { formatFlag, type ListDraft, quietFlag, startList } from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatBytes } from "../format/units.ts";

export const volumeListCommand = makeCommand<ListDraft>({
  name: "volume ls",
  summary: "List volumes",
  usage: "[flags]",
  examples: [
    { does: "Those that no container uses", line: "bunker volume ls --filter dangling=true" },
  ],
  refused: { cluster: "it is for swarm's cluster volumes" },
  failureCode: 1,
  flags: {
    filter: filterFlag("dangling=true", "f"),
    format: formatFlag,
    quiet: quietFlag("Only display volume names"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: startList,
  run: async (draft, _operands, context) => {
    requireKeys(draft.filters, ["dangling", "driver", "label", "name"]);
    readSwitch(draft.filters, "dangling");
    const volumes = await context.engine.volumes();
    const rows = volumes.listVolumes(draft.filters);
    context.write(
      await formatList(
        rows.map((row) => makeVolumeFields(row)),
        volumeShape,
        draft,
      ),
    );
    return 0;
  },
});

/** docker's columns of volumes. */
const volumeShape: ListShape = {
  headers: {
    Availability: "AVAILABILITY",
    Driver: "DRIVER",
    Group: "GROUP",
    Labels: "LABELS",
    Links: "LINKS",
    Mountpoint: "MOUNTPOINT",
    Name: "VOLUME NAME",
    Scope: "SCOPE",
    Size: "SIZE",
    Status: "STATUS",
  },
  table: "{{.Driver}}\t{{.Name}}",
  quiet: "{{.Name}}",
  raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
  typeName: "*formatter.volumeContext",
};

/** @param sizeBytes where it was measured, as for `system df` */
export function makeVolumeFields(row: VolumeRow, sizeBytes?: number): Fields {
  const labels = Object.entries(row.labels).map(([key, value]) => `${key}=${value}`);
  return {
    Availability: "N/A",
    Driver: "local",
    Group: "N/A",
    Label: (key) => row.labels[String(key)] ?? "",
    Labels: labels.sort().join(","),
    Links: sizeBytes === undefined ? "N/A" : String(row.users.length),
    Mountpoint: row.mountpoint,
    Name: row.name,
    Scope: "local",
    Size: sizeBytes === undefined ? "N/A" : formatBytes(sizeBytes),
    Status: "N/A",
  };
}
