// `bunker inspect` and `bunker container inspect`
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import type { Flag } from "../flag.ts";
import { UserError } from "../../errors.ts";
import { describeNetwork } from "../networks/describe.ts";
import { describeVolume } from "../volumes/describe.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { toValue, type Value } from "../format/template/values.ts";

interface Draft {
  format: string | undefined;
  size: boolean;
  type: string;
}

const sizeFlag: Flag<Draft> = {
  type: "bool",
  short: "s",
  group: "Flags",
  help: "Display total file sizes if the type is container",
  set: (draft, value) => {
    draft.size = value;
  },
};

const TYPES = ["container", "image", "network", "volume"];

const words = {
  usage: "[flags] NAME|ID [NAME|ID...]",
  failureCode: 1,
  operands: { min: 1 },
  interspersed: true,
} as const;

export const inspectCommand: Command = makeCommand<Draft>({
  ...words,
  name: "inspect",
  summary: "Return low-level information on containers, images, networks and volumes",
  examples: [
    { does: "Whether one runs", line: "bunker inspect --format '{{.State.Status}}' web" },
    {
      does: "The volume of that name, not the container",
      line: "bunker inspect --type volume data",
    },
  ],
  flags: {
    format: inspectFormatFlag,
    size: sizeFlag,
    type: {
      type: "text",
      group: "Flags",
      help: `Only inspect objects of the given type: ${TYPES.join(", ")}`,
      set: (draft, text) => {
        draft.type = text;
      },
    },
  },
  start: () => ({ format: undefined, size: false, type: "" }),
  run: async ({ format, size, type }, names, context) => {
    if (type !== "" && !TYPES.includes(type)) {
      const known = TYPES.map((one) => `"${one}"`).join(", ");
      throw new UserError(`unknown type: "${type}": must be one of ${known}`);
    }
    const found: Value[] = [];
    const missing: string[] = [];
    for (const name of names) {
      const value = name === "" ? undefined : await findAny(name, { type, size }, context);
      if (name === "") missing.push("invalid container name or ID: value is empty");
      else if (value === undefined) missing.push(`no such ${type || "object"}: ${name}`);
      else found.push(toValue(value));
    }
    return printInspection({ found, missing }, format, context);
  },
});

/** A container, else an image, a network, a volume of that name. */
async function findAny(
  name: string,
  { type, size }: Pick<Draft, "type" | "size">,
  { engine }: CommandContext,
): Promise<object | undefined> {
  if (type === "" || type === "container") {
    const { inspectContainers } = await engine.containers();
    const [found] = (await inspectContainers([name], size)).found;
    if (found !== undefined) return found;
  }
  if (type === "" || type === "image") {
    const { inspectImages } = await engine.images();
    const [found] = (await inspectImages([name])).found;
    if (found !== undefined) return found;
  }
  if (type === "" || type === "network") {
    const [found] = (await engine.networks()).inspectNetworks([name]).found;
    if (found !== undefined) return describeNetwork(found);
  }
  if (type === "" || type === "volume") {
    const [found] = (await engine.volumes()).inspectVolumes([name]).found;
    if (found !== undefined) return describeVolume(found);
  }
  return undefined;
}

export const containerInspectCommand: Command = makeCommand<Draft>({
  ...words,
  name: "container inspect",
  summary: "Display detailed information on one or more containers",
  examples: [{ does: "All that is known of one", line: "bunker container inspect web" }],
  flags: { format: inspectFormatFlag, size: sizeFlag },
  start: () => ({ format: undefined, size: false, type: "container" }),
  run: async ({ format, size }, names, context) => {
    const { inspectContainers } = await context.engine.containers();
    const { found, missing } = await inspectContainers(names, size);
    const messages = missing.map((name) => `No such container: ${name}`);
    return printInspection(
      { found: found.map((each) => toValue(each)), missing: messages },
      format,
      context,
    );
  },
});
