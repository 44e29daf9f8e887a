// What `explain` tells of a container's networks: the same lines that `ip` and `nft` are given, with
// what is known only when it runs in <angle brackets>.

import type { Endpoint, NetworkDefinition } from "../../../network/definition.ts";
import { mtuOf } from "../../../network/definition.ts";
import { drivers } from "../../../network/driver.ts";
import { planBridge } from "../../../network/link-plan.ts";
import { publishTarget } from "../../../network/ruleset.ts";
import { findFirewall } from "../../../network/firewall.ts";
import { findProgram, missingProgram } from "../../../network/program.ts";
import { UnavailableError } from "../../../network/unavailable.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";
import { UserError } from "../../errors.ts";
import { bunkerStep, type ExplainedStep, makeCall, type Room } from "../explain/explanation.ts";
import type { NetworkingOptions } from "../run-options.ts";
import { netnsPath } from "./netns-path.ts";
import { hasUsual } from "./usual-network.ts";
import { hasLink } from "./has-link.ts";
import { DEFAULT_LINK, DEFAULT_NETWORK, NetworkStore } from "./network-store.ts";

const quote = (text: string): string => JSON.stringify(text);
const INIT_PID = "<init>";

/** What is in the way, as far as looking tells: what the kernel says of it is not asked for. */
export function findLack(networking: NetworkingOptions): UnavailableError | undefined {
  if (!hasUsual(networking)) return undefined;
  if (findProgram("ip") === undefined) return missingProgram("ip");
  if (hasLink(DEFAULT_LINK)) return undefined;
  try {
    findFirewall();
    return undefined;
  } catch (error) {
    if (error instanceof UnavailableError) return error;
    throw error;
  }
}

/** @throws UserError for a network that is not there */
export function explainNetworks({ networks, publish }: NetworkingOptions): Room[] {
  const store = new NetworkStore();
  const steps: ExplainedStep[] = [];
  const endpoints = networks
    .filter(({ name }) => !name.startsWith("cni:"))
    .map(({ name }, index) => {
      const network = findNetwork(store, name);
      return { network, endpoint: makeEndpoint(network, index) };
    });
  for (const { network } of endpoints) {
    if (!drivers[network.driver].hasBridge || hasLink(network.link)) continue;
    steps.push(
      bunkerStep(
        `the bridge of network "${network.name}", which is not there yet`,
        ...planBridge(network).map((line) => makeCall("ip", [line])),
      ),
    );
  }
  const [first] = endpoints;
  if (first === undefined) return [];
  steps.push(
    bunkerStep(
      "addresses that nobody else has: a symlink can be made only once",
      ...endpoints.map(({ network }) =>
        makeCall("symlink", [
          quote("<id>"),
          quote(`${store.folder(`addresses/${network.name}`)}/<address>`),
        ]),
      ),
    ),
  );
  const published = { ports: publish, target: publishTarget(first.endpoint) };
  const rules = publish.length === 0 ? [] : findFirewall().planPorts(published);
  for (const { program, text } of rules) {
    const lines = text
      .trim()
      .split("\n")
      .map((line) => makeCall(program, [line]));
    steps.push(bunkerStep(`published ports, in one transaction of ${program}`, ...lines));
  }
  steps.push(
    bunkerStep(
      "the namespace gets a name, and so a life of its own",
      makeCall("mount", [
        quote(`/proc/${INIT_PID}/ns/net`),
        quote(netnsPath("<id>")),
        "NULL",
        "MS_BIND",
        "NULL",
      ]),
    ),
    bunkerStep(
      "links: one process of ip on the host's side",
      ...endpoints.flatMap(({ network, endpoint }) =>
        drivers[network.driver]
          .setUp(network, endpoint, INIT_PID)
          .map((line) => makeCall("ip", [line])),
      ),
    ),
    bunkerStep(
      "and one inside, which has started meanwhile and waits for the links",
      ...endpoints.flatMap(({ network, endpoint }) =>
        drivers[network.driver].setUpInside(endpoint).map((line) => makeCall("ip", [line])),
      ),
    ),
  );
  return [
    {
      title: "The network",
      about: "Made while the init process mounts; it must be there before the gate opens.",
      steps,
    },
  ];
}

/** Security: what there is of networks only root may read; the usual one is known to everybody. */
function findNetwork(store: NetworkStore, name: string): NetworkDefinition {
  try {
    return store.find(name) ?? standIn(name);
  } catch (error) {
    if (!isSyscallError(error, "EACCES") || !isDefault(name)) throw error;
    return standIn(name);
  }
}

const isDefault = (name: string): boolean =>
  [DEFAULT_NETWORK, "default", DEFAULT_LINK].includes(name);

/** The default network before its first use: its subnet is chosen then. */
function standIn(name: string): NetworkDefinition {
  if (!isDefault(name)) {
    throw new UserError(
      `network ${name} not found`,
      "bunker network ls shows those that there are",
    );
  }
  return {
    id: "",
    name: DEFAULT_NETWORK,
    driver: "bridge",
    createdMs: 0,
    link: DEFAULT_LINK,
    subnets: [{ subnet: "<subnet>/24", gateway: "<gateway>" }],
    ipv6: false,
    internal: false,
    attachable: false,
    labels: {},
    options: {},
  };
}

function makeEndpoint(network: NetworkDefinition, index: number): Endpoint {
  const { name, id, link, subnets, options, internal } = network;
  const of = (isSix: boolean) => subnets.find(({ subnet }) => subnet.includes(":") === isSix);
  const [four, six] = [of(false), of(true)];
  const prefix = (subnet: string | undefined): string => subnet?.replace(/^.*\//, "") ?? "";
  return {
    network: name,
    networkId: id,
    hostLink: `<link${index}>`,
    bridge: drivers[network.driver].hasBridge ? link : (options["parent"] ?? ""),
    name: `eth${index}`,
    mac: "<mac>",
    ip4: four === undefined ? "" : `<address>/${prefix(four.subnet)}`,
    ip6: six === undefined ? "" : `<address6>/${prefix(six.subnet)}`,
    gateway4: four?.gateway ?? "",
    gateway6: six?.gateway ?? "",
    linkLocal: [],
    aliases: [],
    mtu: mtuOf(network),
    isDefault: index === 0 && !internal,
  };
}
