// `bunker system df`
import type { DiskUsage, UsageRow } from "../../engine/system/verbs.ts";
import { type Command, makeCommand } from "../command.ts";
import { formatFlag } from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import { alignColumns } from "../format/tab-writer.ts";
import type { Fields } from "../format/template/values.ts";
import { formatAge, formatBytes, formatGoTime } from "../format/units.ts";
import { makeImageFields, shortId } from "../images/list.ts";
import { makeVolumeFields } from "../volumes/list.ts";

interface Draft {
  format: string | undefined;
  verbose: boolean;
}

export const systemDfCommand: Command = makeCommand<Draft>({
  name: "system df",
  summary: "Show disk usage",
  usage: "[flags]",
  examples: [{ does: "Each image, container and volume", line: "bunker system df --verbose" }],
  failureCode: 1,
  flags: {
    format: formatFlag,
    verbose: {
      type: "bool",
      short: "v",
      group: "Flags",
      help: "Show detailed information on space usage",
      set: (draft, value) => {
        draft.verbose = value;
      },
    },
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({ format: undefined, verbose: false }),
  run: async ({ format, verbose }, _operands, context) => {
    const usage = (await context.engine.system()).measureDisk();
    if (verbose && format) {
      const isWhole = { typeName: "*formatter.diskUsageContext" };
      context.write(await formatList([describeUsage(usage)], { ...shape, ...isWhole }, { format }));
      return 0;
    }
    const rows = usage.rows.map((row) => makeFields(row));
    context.write(verbose ? formatVerbose(usage) : await formatList(rows, shape, { format }));
    return 0;
  },
});

const shape: ListShape = {
  headers: {
    Active: "ACTIVE",
    Reclaimable: "RECLAIMABLE",
    Size: "SIZE",
    TotalCount: "TOTAL",
    Type: "TYPE",
  },
  table: "{{.Type}}\t{{.TotalCount}}\t{{.Active}}\t{{.Size}}\t{{.Reclaimable}}",
  quiet: "{{.Type}}",
  typeName: "*formatter.diskUsageImagesContext",
};

function makeFields({ type, total, active, sizeBytes, reclaimableBytes }: UsageRow): Fields {
  const share = sizeBytes > 0 ? Math.trunc((reclaimableBytes * 100) / sizeBytes) : undefined;
  const reclaimable = formatBytes(reclaimableBytes);
  const hasShare = share !== undefined && type !== "Build Cache";
  return {
    Active: String(active),
    Reclaimable: hasShare ? `${reclaimable} (${share}%)` : reclaimable,
    Size: formatBytes(sizeBytes),
    TotalCount: String(total),
    Type: type,
  };
}

/** docker's object, for a template. */
function describeUsage({ images, containers, volumes }: DiskUsage): Fields {
  return {
    Images: images.map((image) => ({
      ...makeImageFields(image, false),
      SharedSize: formatBytes(image.sharedBytes),
      UniqueSize: formatBytes(image.sizeBytes - image.sharedBytes),
      Containers: String(image.containers),
    })),
    Containers: containers.map((container) => ({
      ID: container.id.slice(0, 12),
      Names: container.name,
      Image: container.image,
      Command: JSON.stringify(shorten(container.command)),
      CreatedAt: formatGoTime(container.createdMs),
      RunningFor: formatAge(container.createdMs, Date.now()),
      LocalVolumes: String(container.volumes),
      Size: formatBytes(container.sizeBytes),
      State: container.isRunning ? "running" : "exited",
    })),
    Volumes: volumes.map((volume) => makeVolumeFields(volume, volume.sizeBytes)),
    BuildCache: [],
  };
}

function formatVerbose({ images, containers, volumes }: DiskUsage): string {
  const now = Date.now();
  const age = (ms: number | undefined): string => (ms === undefined ? "N/A" : formatAge(ms, now));
  const parts = [
    "Images space usage:\n\n" +
      table(
        "REPOSITORY TAG IMAGE+ID CREATED SIZE SHARED+SIZE UNIQUE+SIZE CONTAINERS",
        images.map((image) => [
          image.repository,
          image.tag,
          shortId(image.id),
          age(image.createdMs),
          formatBytes(image.sizeBytes, 3),
          formatBytes(image.sharedBytes),
          formatBytes(image.sizeBytes - image.sharedBytes),
          String(image.containers),
        ]),
      ),
    "Containers space usage:\n\n" +
      table(
        "CONTAINER+ID IMAGE COMMAND LOCAL+VOLUMES SIZE CREATED STATUS NAMES",
        containers.map((container) => [
          shortId(container.id),
          container.image,
          JSON.stringify(shorten(container.command)),
          String(container.volumes),
          formatBytes(container.sizeBytes),
          age(container.createdMs),
          container.isRunning ? "Up" : "Exited",
          container.name,
        ]),
      ),
    "Local Volumes space usage:\n\n" +
      table(
        "VOLUME+NAME LINKS SIZE",
        volumes.map(({ name, users, sizeBytes }) => [
          name,
          String(users.length),
          formatBytes(sizeBytes),
        ]),
      ),
    `Build cache usage: 0B\n\n${table("CACHE+ID CACHE+TYPE SIZE CREATED LAST+USED USAGE SHARED", [])}`,
  ];
  return parts.join("\n");
}

/** @param headings separated by spaces, a + for a space in one */
function table(headings: string, rows: readonly (readonly string[])[]): string {
  const header = headings.split(" ").map((heading) => heading.replaceAll("+", " "));
  return alignColumns([header, ...rows].map((row) => `${row.join("\t")}\n`).join(""));
}

const widestCommand = 20;

/** docker's ellipsis. */
function shorten(text: string): string {
  const signs = Array.from(text);
  return signs.length <= widestCommand ? text : `${signs.slice(0, widestCommand - 1).join("")}…`;
}
