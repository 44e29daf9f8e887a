// `bunker volume create`
import { makeCommand } from "../command.ts";
import { parseLabel, splitPair } from "../values/pair.ts";

interface Draft {
  driver: string;
  readonly labels: Record<string, string>;
  readonly options: Record<string, string>;
}

export const volumeCreateCommand = makeCommand<Draft>({
  name: "volume create",
  summary: "Create a volume",
  usage: "[flags] [VOLUME]",
  failureCode: 1,
  flags: {
    driver: {
      type: "text",
      short: "d",
      group: "Flags",
      fallback: '"local"',
      help: "Specify volume driver name",
      set: (draft, text) => {
        draft.driver = text;
      },
    },
    label: {
      type: "list",
      group: "Flags",
      help: "Set metadata for a volume",
      set: (draft, text) => {
        const [key, value] = parseLabel(text);
        draft.labels[key] = value;
      },
    },
    opt: {
      type: "list",
      short: "o",
      group: "Flags",
      placeholder: "map",
      help: "Set driver specific options (type=none, o=bind, device=FOLDER; type=tmpfs)",
      set: (draft, text) => {
        const [key, value] = splitPair(text);
        draft.options[key] = value;
      },
    },
  },
  operands: { min: 0, max: 1 },
  interspersed: true,
  start: () => ({ driver: "local", labels: {}, options: {} }),
  run: async (draft, [name], context) => {
    const volumes = await context.engine.volumes();
    const created = volumes.createVolume({ ...draft, ...(name !== undefined && { name }) });
    context.write(`${created}\n`);
    return 0;
  },
});
