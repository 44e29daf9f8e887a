// `bunker system boot` and `bunker system unit`
import { runtime } from "#runtime";
import { type Command, makeCommand } from "../command.ts";
import { formatError } from "../report.ts";

type Plain = Record<never, never>;

export const systemBootCommand: Command = makeCommand<Plain>({
  name: "system boot",
  summary: "Start the containers whose restart policy says so",
  description:
    "To be called once after the machine has started: what a power loss has left is cleared up, and " +
    "containers with --restart always, unless-stopped or on-failure are started again. `bunker system " +
    "unit` prints a unit of systemd that does it.",
  usage: "",
  examples: [{ does: "What the unit of 'bunker system unit' does", line: "bunker system boot" }],
  failureCode: 1,
  flags: {},
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({}),
  run: async (_draft, _operands, context) => {
    const { started, failed } = await (await context.engine.system()).bootSystem();
    for (const name of started) context.write(`${name}\n`);
    for (const { name, error } of failed) {
      context.writeError(`bunker: cannot start container "${name}"\n${formatError(error).text}`);
    }
    return failed.length === 0 ? 0 : 1;
  },
});

export const systemUnitCommand: Command = makeCommand<Plain>({
  name: "system unit",
  summary: "Print a unit of systemd that starts containers at boot",
  examples: [
    {
      does: "Have it start them from now on",
      line: "bunker system unit > /etc/systemd/system/bunker.service && systemctl enable bunker",
    },
  ],
  usage: "",
  failureCode: 1,
  flags: {},
  operands: { min: 0, max: 0 },
  interspersed: true,
  start: () => ({}),
  run: (_draft, _operands, context) => {
    context.write(formatUnit(runtime.selfCommand().join(" ")));
    return Promise.resolve(0);
  },
});

/** KillMode: what it starts outlives it, and is ended by bunker. */
function formatUnit(self: string): string {
  return `[Unit]
Description=Containers of bunker that are to run
Wants=network-online.target
After=network-online.target local-fs.target

[Service]
Type=oneshot
RemainAfterExit=yes
KillMode=process
Delegate=yes
ExecStart=${self} system boot

[Install]
WantedBy=multi-user.target
`;
}
