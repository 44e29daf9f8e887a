// `bunker images` and `bunker image ls`
import type { ImageRow } from "../../engine/images/list-images.ts";
import { type Command, makeCommand } from "../command.ts";
import { filterFlag, readSwitch, requireKeys } from "../format/filter.ts";
import {
  allFlag,
  formatFlag,
  type ListDraft,
  noTruncFlag,
  quietFlag,
  startList,
} from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatAge, formatBytes, formatGoTime } from "../format/units.ts";

interface Draft extends ListDraft {
  all: boolean;
  digests: boolean;
}

export const imagesCommand: Command = makeCommand<Draft>({
  name: "images",
  summary: "List images",
  usage: "[flags] [REPOSITORY[:TAG]]",
  examples: [
    { does: "Those without a name", line: "bunker images --filter dangling=true" },
    {
      does: "A line for each, for a script",
      line: "bunker images --format '{{.Repository}}:{{.Tag}}'",
    },
  ],
  refused: { tree: "what an image has for other machines, 'bunker manifest inspect' shows" },
  failureCode: 1,
  flags: {
    all: allFlag("Show all images (there are no intermediate ones to hide)"),
    digests: {
      type: "bool",
      group: "Flags",
      help: "Show digests",
      set: (draft, value) => {
        draft.digests = value;
      },
    },
    filter: filterFlag("dangling=true", "f"),
    format: formatFlag,
    "no-trunc": noTruncFlag,
    quiet: quietFlag("Only show image IDs"),
  },
  operands: { min: 0, max: 1 },
  interspersed: true,
  start: () => ({ ...startList(), all: false, digests: false }),
  run: async (draft, [pattern], context) => {
    const { filters } = draft;
    requireKeys(filters, ["before", "dangling", "label", "label!", "reference", "since", "until"]);
    readSwitch(filters, "dangling");
    const { listImages } = await context.engine.images();
    const rows = await listImages({ filters, ...(pattern !== undefined && { pattern }) });
    const fields = rows.map((row) => makeImageFields(row, draft.noTrunc));
    const shape = draft.digests ? shapeWithDigests : imageShape;
    const hasAges = rows.every(({ createdMs }) => createdMs !== undefined);
    context.write(await formatList(fields, hasAges ? shape : withoutAges(shape), draft));
    return 0;
  },
});

/** docker's columns of images. */
const imageShape: ListShape = {
  headers: {
    Containers: "CONTAINERS",
    CreatedAt: "CREATED AT",
    CreatedSince: "CREATED",
    Digest: "DIGEST",
    ID: "IMAGE ID",
    Repository: "REPOSITORY",
    SharedSize: "SHARED SIZE",
    Size: "SIZE",
    Tag: "TAG",
    UniqueSize: "UNIQUE SIZE",
    VirtualSize: "SIZE",
  },
  table: `{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
  quiet: "{{.ID}}",
  raw:
    "repository: {{.Repository}}\ntag: {{.Tag}}\nimage_id: {{.ID}}\n" +
    "created_at: {{.CreatedAt}}\nvirtual_size: {{.Size}}\n",
  typeName: "*formatter.imageContext",
};

const shapeWithDigests: ListShape = {
  ...imageShape,
  table: `{{.Repository}}\t{{.Tag}}\t{{.Digest}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}`,
};

/** docker's table for images that do not say how old they are. */
function withoutAges(shape: ListShape): ListShape {
  const age = "{{if .CreatedSince }}{{.CreatedSince}}{{else}}N/A{{end}}";
  return { ...shape, table: shape.table.replace("{{.CreatedSince}}", age) };
}

/** Returns the fields that a template may name. */
export function makeImageFields(row: ImageRow, isWhole: boolean): Fields {
  const { createdMs, sizeBytes } = row;
  return {
    Containers: "N/A",
    // Looked up only where it is asked for: the name of the time zone takes 10 ms to find.
    CreatedAt: () => (createdMs === undefined ? "" : formatGoTime(createdMs)),
    CreatedSince: createdMs === undefined ? "" : formatAge(createdMs, Date.now()),
    Digest: row.digest,
    ID: isWhole ? row.id : shortId(row.id),
    Repository: row.repository,
    SharedSize: "N/A",
    Size: formatBytes(sizeBytes, 3),
    Tag: row.tag,
    UniqueSize: "N/A",
    VirtualSize: formatBytes(sizeBytes),
  };
}

/** Returns twelve digits of a digest, as docker shows an id. */
export function shortId(id: string): string {
  return id.replace(/^sha256:/, "").slice(0, 12);
}
