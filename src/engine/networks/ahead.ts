// The programs that make a container's network, started before anything is known of it: they are loaded
// while the container is planned, when this process has a processor to spare.

import { startIpAhead, startNftAhead, type WaitingProgram } from "../../../network/program.ts";
import type { NetworkingOptions } from "../run-options.ts";

/** They wait to be told. */
export class ProgramsAhead {
  /** Where ports are to be published, and by nft. */
  readonly ports: WaitingProgram | undefined;
  #links: WaitingProgram | undefined;

  /** @throws UserError where `ip` is not installed */
  constructor({ publish, publishAll }: NetworkingOptions) {
    this.ports = publishAll || publish.length > 0 ? startNftAhead() : undefined;
    // Order: one after the other where there are both, as there may be no third processor for us.
    if (this.ports === undefined) this.startLinks();
  }

  startLinks(): WaitingProgram {
    return (this.#links ??= startIpAhead());
  }

  /** Those that were not told anything have nothing to do. */
  drop(): void {
    this.#links?.drop();
    this.ports?.drop();
  }
}
