// `bunker inspect` and `bunker container inspect`
import { type Command, type CommandContext, makeCommand } from "../command.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";
import { toValue, type Value } from "../format/template/values.ts";

interface Draft {
  format: string | undefined;
  type: string;
}

const words = {
  usage: "[flags] NAME|ID [NAME|ID...]",
  failureCode: 1,
  operands: { min: 1 },
  interspersed: true,
} as const;

export const inspectCommand: Command = makeCommand<Draft>({
  ...words,
  name: "inspect",
  summary: "Return low-level information on containers, images and volumes",
  flags: {
    format: inspectFormatFlag,
    type: {
      type: "text",
      group: "Flags",
      help: "Only inspect objects of the given type: container, image, volume",
      set: (draft, text) => {
        draft.type = text;
      },
    },
  },
  start: () => ({ format: undefined, type: "" }),
  run: async ({ format, type }, names, context) => {
    const found: Value[] = [];
    const missing: string[] = [];
    for (const name of names) {
      const value = await findAny(name, type, context);
      if (value === undefined) missing.push(`no such ${type || "object"}: ${name}`);
      else found.push(toValue(value));
    }
    return printInspection({ found, missing }, format, context);
  },
});

/** A container, else an image, else a volume of that name. */
async function findAny(
  name: string,
  type: string,
  { engine }: CommandContext,
): Promise<object | undefined> {
  if (type === "" || type === "container") {
    const [found] = (await engine.containers()).inspectContainers([name]).found;
    if (found !== undefined) return found;
  }
  if (type === "" || type === "image") {
    const [found] = (await engine.images()).inspectImages([name]).found;
    if (found !== undefined) return found;
  }
  if (type === "" || type === "volume") {
    const [found] = (await engine.volumes()).inspectVolumes([name]).found;
    if (found !== undefined) return found;
  }
  return undefined;
}

export const containerInspectCommand: Command = makeCommand<Draft>({
  ...words,
  name: "container inspect",
  summary: "Display detailed information on one or more containers",
  flags: { format: inspectFormatFlag },
  start: () => ({ format: undefined, type: "container" }),
  run: async ({ format }, names, context) => {
    const { found, missing } = (await context.engine.containers()).inspectContainers(names);
    const messages = missing.map((name) => `No such container: ${name}`);
    return printInspection(
      { found: found.map((each) => toValue(each)), missing: messages },
      format,
      context,
    );
  },
});
