// `bunker history` and `bunker image history`
import type { HistoryRow } from "../../engine/images/history.ts";
import { type Command, makeCommand } from "../command.ts";
import {
  formatFlag,
  type ListDraft,
  noTruncFlag,
  platformFlag,
  quietFlag,
  startList,
} from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { Fields } from "../format/template/values.ts";
import { formatAge, formatBytes, formatRfc3339 } from "../format/units.ts";
import { shortId } from "./list.ts";

interface Draft extends ListDraft {
  human: boolean;
  platform: string | undefined;
}

export const historyCommand: Command = makeCommand<Draft>({
  name: "history",
  summary: "Show the history of an image",
  usage: "[flags] IMAGE",
  examples: [
    { does: "The steps that made an image, whole", line: "bunker history --no-trunc debian:mine" },
  ],
  failureCode: 1,
  flags: {
    format: formatFlag,
    human: {
      type: "bool",
      short: "H",
      group: "Flags",
      fallback: "true",
      help: "Print sizes and dates in human readable format",
      set: (draft, value) => {
        draft.human = value;
      },
    },
    "no-trunc": noTruncFlag,
    platform: platformFlag("Show history for the given platform"),
    quiet: quietFlag("Only show image IDs"),
  },
  operands: { min: 1, max: 1 },
  interspersed: true,
  start: () => ({ ...startList(), human: true, platform: undefined }),
  run: async (draft, [name = ""], context) => {
    const rows = await (await context.engine.images()).readHistory(name, draft.platform);
    const fields = rows.map((row) => makeFields(row, draft));
    context.write(await formatList(fields, makeShape(draft.human), draft));
    return 0;
  },
});

function makeShape(human: boolean): ListShape {
  const created = human ? "{{.CreatedSince}}" : "{{.CreatedAt}}";
  return {
    headers: {
      Comment: "COMMENT",
      CreatedAt: "CREATED AT",
      CreatedBy: "CREATED BY",
      CreatedSince: "CREATED",
      ID: "IMAGE",
      Size: "SIZE",
    },
    table: `{{.ID}}\t${created}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`,
    quiet: "{{.ID}}",
    typeName: "*formatter.historyContext",
  };
}

const widestCommand = 45;

function makeFields(row: HistoryRow, { noTrunc, human }: Draft): Fields {
  const { createdMs, sizeBytes } = row;
  const createdBy = row.createdBy.replaceAll("\t", " ");
  return {
    Comment: row.comment,
    CreatedAt: createdMs === undefined ? "" : formatRfc3339(createdMs),
    CreatedBy: noTrunc ? createdBy : shorten(createdBy),
    CreatedSince: createdMs === undefined ? "N/A" : formatAge(createdMs, Date.now()),
    ID: noTrunc ? row.id : shortId(row.id),
    Size: human ? formatBytes(sizeBytes, 3) : String(sizeBytes),
  };
}

/** docker's ellipsis is one sign of the width. */
function shorten(text: string): string {
  const signs = Array.from(text);
  return signs.length <= widestCommand ? text : `${signs.slice(0, widestCommand - 1).join("")}…`;
}
