// How this program is started as the second performer: see serve.ts.

import { runtime } from "#runtime";

/** The hidden command's name; mod.ts knows it before the command line is loaded. */
export const SERVE_COMMAND = "internal-init";

/** The command line with which this program serves control page `page` of a channel. */
export function serveCommand(channelFd: number, page: number): string[] {
  return [...runtime.selfCommand(), SERVE_COMMAND, String(channelFd), String(page)];
}
