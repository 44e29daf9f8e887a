// The commands that this program is started with by itself. Their names begin with "internal-", so that
// mod.ts loads none of this for any other.

import { SERVE_COMMAND } from "../../ffi/agent/serve-command.ts";
import { AFTER_COMMAND } from "./containers/after-command.ts";
import { HEALTH_COMMAND } from "./containers/health-command.ts";
import { DNS_COMMAND } from "./networks/dns/command.ts";

/** The exit code; undefined for a word that only looks like one of them. */
export async function performHidden(argv: readonly string[]): Promise<number | undefined> {
  switch (argv[0]) {
    case SERVE_COMMAND:
      return (await import("../../ffi/agent/serve.ts")).serve(argv.slice(1));
    case DNS_COMMAND:
      return await (await import("./networks/dns/serve.ts")).serveDns();
    case AFTER_COMMAND:
      return await (await import("./containers/after.ts")).performAfter(argv[1] ?? "");
    case HEALTH_COMMAND:
      return await (await import("./containers/health-keeper.ts")).keepHealth();
    default:
      return undefined;
  }
}
