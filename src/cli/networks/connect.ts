// `bunker network connect` and `disconnect`
import { makeCommand } from "../command.ts";
import { forceFlag } from "../format/format-flags.ts";

interface Draft {
  ip: string | undefined;
  ip6: string | undefined;
  readonly aliases: string[];
  readonly linkLocal: string[];
}

const group = "Flags";

export const networkConnectCommand = makeCommand<Draft>({
  name: "network connect",
  summary: "Connect a container to a network",
  usage: "[flags] NETWORK CONTAINER",
  examples: [
    {
      does: "One that runs, to be found as files",
      line: "bunker network connect --alias files app web",
    },
  ],
  refused: {
    "driver-opt": "a container's link has no options",
    "gw-priority": "a container's first network has its default route",
    link: "containers of a network find each other by name; use --alias",
  },
  failureCode: 1,
  flags: {
    alias: {
      type: "list",
      group,
      help: "Add network-scoped alias for the container",
      set: (draft, text) => {
        draft.aliases.push(text);
      },
    },
    ip: {
      type: "text",
      ignoresEmpty: true,
      group,
      help: "IPv4 address (e.g., 172.30.100.104)",
      set: (draft, text) => {
        draft.ip = text;
      },
    },
    ip6: {
      type: "text",
      ignoresEmpty: true,
      group,
      help: "IPv6 address (e.g., 2001:db8::33)",
      set: (draft, text) => {
        draft.ip6 = text;
      },
    },
    "link-local-ip": {
      type: "list",
      group,
      help: "Add a link-local address for the container",
      set: (draft, text) => {
        draft.linkLocal.push(text);
      },
    },
  },
  operands: { min: 2, max: 2 },
  interspersed: true,
  start: () => ({ ip: undefined, ip6: undefined, aliases: [], linkLocal: [] }),
  run: async ({ ip, ip6, ...draft }, [name = "", container = ""], context) => {
    const networks = await context.engine.networks();
    networks.connectNetwork(container, {
      ...draft,
      name,
      ...(ip !== undefined && { ip }),
      ...(ip6 !== undefined && { ip6 }),
    });
    return 0;
  },
});

export const networkDisconnectCommand = makeCommand<{ force: boolean }>({
  name: "network disconnect",
  summary: "Disconnect a container from a network",
  usage: "[flags] NETWORK CONTAINER",
  examples: [{ does: "One that runs", line: "bunker network disconnect app web" }],
  failureCode: 1,
  flags: { force: forceFlag("Force the container to disconnect from a network") },
  operands: { min: 2, max: 2 },
  interspersed: true,
  start: () => ({ force: false }),
  run: async ({ force }, [network = "", container = ""], context) => {
    (await context.engine.networks()).disconnectNetwork(network, container, force);
    return 0;
  },
});
