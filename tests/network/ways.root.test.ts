// The ways in and out, on this kernel and on others: br_netfilter on and off, IPv4 and IPv6, loopback.

import { haveCommand, needsRoot, skipUnless } from "../harness/tier.ts";
import { openNetwork } from "./machines.ts";
import { testWays } from "./traffic-tests.ts";

const missing = ["ip", "nft", "socat", "nsenter"].filter((command) => !haveCommand(command));

skipUnless(missing.length === 0, `ways: ${missing.join(", ")} not installed`)("networks", () => {
  needsRoot("ways in and out", () => testWays(openNetwork(), "nft"));
});
