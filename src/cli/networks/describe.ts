// A network as `inspect` shows it.
import type { NetworkRow } from "../../engine/networks/verbs.ts";

/** docker's shape. */
export function describeNetwork(row: NetworkRow) {
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
      Config: subnets.map(({ subnet, gateway, range, reserved }) => ({
        Subnet: subnet,
        ...(range !== undefined && { IPRange: range }),
        ...(gateway !== "" && { Gateway: gateway }),
        ...(reserved !== undefined && { AuxiliaryAddresses: reserved }),
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
