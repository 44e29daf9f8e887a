// `bunker network ls`
import type { NetworkRow } from "../../engine/networks/verbs.ts";
import { makeCommand } from "../command.ts";
import { filterFlag, readSwitch, requireKeys } from "../format/filter.ts";
import {
  formatFlag,
  type ListDraft,
  noTruncFlag,
  quietFlag,
  startList,
} from "../format/format-flags.ts";
import { formatList, type ListShape } from "../format/list.ts";
import type { Fields } from "../format/template/values.ts";

export const networkListCommand = makeCommand<ListDraft>({
  name: "network ls",
  summary: "List networks",
  usage: "[flags]",
  examples: [{ does: "One's own", line: "bunker network ls --filter type=custom" }],
  failureCode: 1,
  flags: {
    filter: filterFlag("driver=bridge", "f"),
    format: formatFlag,
    "no-trunc": noTruncFlag,
    quiet: quietFlag("Only display network IDs"),
  },
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: startList,
  run: async (draft, _operands, context) => {
    requireKeys(draft.filters, ["dangling", "driver", "id", "label", "name", "scope", "type"]);
    readSwitch(draft.filters, "dangling");
    const networks = await context.engine.networks();
    const rows = networks.listNetworks(draft.filters).map((row) => makeFields(row, draft.noTrunc));
    context.write(await formatList(rows, shape, draft));
    return 0;
  },
});

const shape: ListShape = {
  headers: {
    CreatedAt: "CREATED AT",
    Driver: "DRIVER",
    ID: "NETWORK ID",
    IPv4: "IPV4",
    IPv6: "IPV6",
    Internal: "INTERNAL",
    Labels: "LABELS",
    Name: "NAME",
    Scope: "SCOPE",
  },
  table: "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}",
  quiet: "{{.ID}}",
  raw: "network_id: {{.ID}}\nname: {{.Name}}\ndriver: {{.Driver}}\nscope: {{.Scope}}\n",
  typeName: "*network.networkContext",
};

function makeFields(row: NetworkRow, noTrunc: boolean): Fields {
  const labels = Object.entries(row.labels).map(([key, value]) => `${key}=${value}`);
  return {
    CreatedAt: new Date(row.createdMs).toISOString(),
    Driver: row.driver,
    ID: noTrunc ? row.id : row.id.slice(0, 12),
    IPv4: "true",
    IPv6: String(row.ipv6),
    Internal: String(row.internal),
    Label: (key) => row.labels[String(key)] ?? "",
    Labels: labels.sort().join(","),
    Name: row.name,
    Scope: "local",
  };
}
