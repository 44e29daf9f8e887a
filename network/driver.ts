// What the kinds of networks have in common: what is refused, the links that are made, and those that
// are not gone with the container's network namespace. A kind without links of its own does nothing.

import { UserError } from "../src/errors.ts";
import type { DriverName, Endpoint, NetworkDefinition } from "./definition.ts";
import { planInside, planIpvlan, planMacvlan, planVeth } from "./link-plan.ts";

export interface NetworkDriver {
  /** @throws UserError for a network that cannot be */
  validate(network: NetworkDefinition): void;
  /** Lines of `ip -batch` on the host's side. @param netns a pid or a name as ip-netns(8) has it */
  setUp(network: NetworkDefinition, endpoint: Endpoint, netns: string): string[];
  /** Lines of `ip -batch` inside, once the others are done. */
  setUpInside(endpoint: Endpoint): string[];
  /** Lines of `ip -batch` that take away what outlives the namespace; it may be gone already. */
  tearDown(endpoint: Endpoint): string[];
  /** Whether the container's end has a link of the host's, in a bridge that is bunker's. */
  readonly hasBridge: boolean;
}

const nothing: NetworkDriver = {
  validate: () => {},
  setUp: () => [],
  setUpInside: () => [],
  tearDown: () => [],
  hasBridge: false,
};

const bridge: NetworkDriver = {
  validate: ({ options }) => {
    if (options["parent"] !== undefined) {
      throw new UserError("the bridge driver takes no parent", "use -d macvlan or -d ipvlan", 1);
    }
  },
  setUp: (_network, endpoint, netns) => planVeth(endpoint, netns),
  setUpInside: planInside,
  tearDown: ({ hostLink }) => [`link delete dev ${hostLink}`],
  hasBridge: true,
};

/** docker's words for the modes, which are the kernel's. */
const MACVLAN_MODES = ["bridge", "private", "vepa", "passthru"];
const IPVLAN_MODES = ["l2", "l3", "l3s"];

const macvlan: NetworkDriver = {
  ...nothing,
  validate: (network) => validateParent(network, "macvlan_mode", MACVLAN_MODES),
  setUp: ({ options }, endpoint, netns) =>
    planMacvlan(endpoint, netns, options["macvlan_mode"] ?? "bridge"),
  setUpInside: planInside,
};

const ipvlan: NetworkDriver = {
  ...nothing,
  validate: (network) => validateParent(network, "ipvlan_mode", IPVLAN_MODES),
  setUp: ({ options }, endpoint, netns) =>
    planIpvlan(endpoint, netns, options["ipvlan_mode"] ?? "l2"),
  setUpInside: planInside,
};

function validateParent(
  { driver, options }: NetworkDefinition,
  modeKey: string,
  modes: readonly string[],
): void {
  if (options["parent"] === undefined) {
    throw new UserError(
      `a ${driver} network needs a parent`,
      "add -o parent=LINK, eth0 for one",
      1,
    );
  }
  const mode = options[modeKey];
  if (mode === undefined || modes.includes(mode)) return;
  throw new UserError(`unknown ${modeKey}: "${mode}"`, `one of ${modes.join(", ")}`, 1);
}

/** The kinds by name. host, none, container:ID and ns:PATH have nothing to make. */
export const drivers: Readonly<Record<DriverName | "host" | "none" | "joined", NetworkDriver>> = {
  bridge,
  macvlan,
  ipvlan,
  host: nothing,
  none: nothing,
  joined: nothing,
};
