// `bunker port`
import { makeCommand } from "../command.ts";

export const portCommand = makeCommand<Record<string, never>>({
  name: "port",
  summary: "List port mappings or a specific mapping for the container",
  usage: "CONTAINER [PRIVATE_PORT[/PROTO]]",
  examples: [
    { does: "All published ports", line: "bunker port web" },
    { does: "Where one of them leads from", line: "bunker port web 80/tcp" },
  ],
  failureCode: 1,
  flags: {},
  operands: { min: 1, max: 2 },
  interspersed: true,
  start: () => ({}),
  run: async (_draft, [container = "", port], context) => {
    const networks = await context.engine.networks();
    for (const { hostIp, hostPort, containerPort, protocol } of networks.listPorts(
      container,
      port,
    )) {
      const ip = hostIp === "" ? "0.0.0.0" : hostIp.includes(":") ? `[${hostIp}]` : hostIp;
      const host = `${ip}:${hostPort}`;
      context.write(port === undefined ? `${containerPort}/${protocol} -> ${host}\n` : `${host}\n`);
    }
    return 0;
  },
});
