// The programs that make a container's network, started before anything is known of it: they are loaded
// while the container is planned, when this process has a processor to spare.

import { startIpAhead, startNftAhead, type WaitingProgram } from "../../../network/program.ts";
import type { NetworkingOptions } from "../run-options.ts";

/** They wait to be told. */
export interface ProgramsAhead {
  readonly links: WaitingProgram;
  /** Where ports are to be published, and by nft. */
  readonly ports: WaitingProgram | undefined;
}

/** undefined where there is no network to make. @throws UserError where `ip` is not installed */
export function startProgramsAhead(options: NetworkingOptions): ProgramsAhead | undefined {
  const { networks, publish, publishAll } = options;
  if (networks.length === 0) return undefined;
  const links = startIpAhead();
  return { links, ports: publishAll || publish.length > 0 ? startNftAhead() : undefined };
}

/** Those that were not told anything have nothing to do. */
export function dropPrograms({ links, ports }: ProgramsAhead): void {
  links.drop();
  ports?.drop();
}
