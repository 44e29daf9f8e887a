// `bunker volume create`
import { makeCommand } from "../command.ts";
import type { RefusedFlags } from "../flag.ts";
import { parseLabel, splitPair } from "../values/pair.ts";

interface Draft {
  driver: string;
  readonly labels: Record<string, string>;
  readonly options: Record<string, string>;
}

const CLUSTER = "it is for swarm's cluster volumes";

const clusterFlags: RefusedFlags = {
  availability: CLUSTER,
  group: CLUSTER,
  "limit-bytes": CLUSTER,
  "required-bytes": CLUSTER,
  scope: CLUSTER,
  secret: CLUSTER,
  sharing: CLUSTER,
  "topology-preferred": CLUSTER,
  "topology-required": CLUSTER,
  type: CLUSTER,
};

export const volumeCreateCommand = makeCommand<Draft>({
  name: "volume create",
  summary: "Create a volume",
  usage: "[flags] [VOLUME]",
  description:
    "The options are those of mount(8): what they name is mounted wherever the volume is used.",
  examples: [
    { does: "A volume for what is to stay", line: "bunker volume create data" },
    {
      does: "A folder of the host by the name of a volume",
      line: "bunker volume create -o type=none -o o=bind -o device=/srv/site site",
    },
    {
      does: "A share of a file server",
      line: "bunker volume create -o type=nfs -o o=addr=10.0.0.5,rw -o device=:/srv/share share",
    },
  ],
  refused: clusterFlags,
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
      help: "Set driver specific options (type=, o=, device=)",
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
