// `bunker network inspect`
import type { NetworkRow } from "../../engine/networks/verbs.ts";
import { makeCommand } from "../command.ts";
import { inspectFormatFlag } from "../format/format-flags.ts";
import { printInspection } from "../format/inspect.ts";

export const networkInspectCommand = makeCommand<{ format: string | undefined }>({
  name: "network inspect",
  summary: "Display detailed information on one or more networks",
  usage: "[flags] NETWORK [NETWORK...]",
  failureCode: 1,
  flags: {
    format: inspectFormatFlag,
    verbose: {
      type: "bool",
      short: "v",
      group: "Flags",
      help: "Verbose output for diagnostics",
      set: () => {},
    },
  },
  operands: { min: 1 },
  interspersed: true,
  start: () => ({ format: undefined }),
  run: async ({ format }, names, context) => {
    const { found, missing } = (await context.engine.networks()).inspectNetworks(names);
    const messages = missing.map((name) => `network ${name} not found`);
    return printInspection({ found: found.map(describe), missing: messages }, format, context);
  },
});

/** docker's shape. */
function describe(row: NetworkRow) {
  const { name, id, createdMs, driver, ipv6, subnets, internal, attachable, labels, options } = row;
  return {
    Name: name,
    Id: id,
    Created: new Date(createdMs).toISOString(),
    Scope: "local",
    Driver: driver,
    EnableIPv4: true,
    EnableIPv6: ipv6,
    IPAM: {
      Driver: "default",
      Options: {},
      Config: subnets.map(({ subnet, gateway, range }) => ({
        Subnet: subnet,
        ...(range !== undefined && { IPRange: range }),
        ...(gateway !== "" && { Gateway: gateway }),
      })),
    },
    Internal: internal,
    Attachable: attachable,
    Ingress: false,
    ConfigFrom: { Network: "" },
    ConfigOnly: false,
    Containers: Object.fromEntries(describeContainers(row)),
    Options: options,
    Labels: labels,
  };
}

function describeContainers({ id, attachments }: NetworkRow) {
  return attachments.flatMap((attachment) =>
    attachment.endpoints
      .filter(({ networkId }) => networkId === id)
      .map(
        ({ mac, ip4, ip6 }) =>
          [
            attachment.id,
            {
              Name: attachment.name,
              EndpointID: `${attachment.id.slice(0, 32)}${id.slice(0, 32)}`,
              MacAddress: mac,
              IPv4Address: ip4,
              IPv6Address: ip6,
            },
          ] as const,
      ),
  );
}
