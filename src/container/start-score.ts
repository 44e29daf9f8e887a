// Starts a score: the launch of a container whose every record was written by an earlier process.
// Start-up: apart from perform-score.ts, which is loaded while the agent is at work.

import { AGENT_PAGE, DEPUTY_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { EXECUTABLE_CHANNEL_OFFSET } from "../../ffi/agent/layout.ts";
import { spawnAgent, startWith } from "../../ffi/agent/start.ts";
import type { Streams } from "./enter.ts";
import type { Score } from "./score.ts";

/**
 * The agent, at work; the init process goes on from its birth to the gate by itself.
 * @param fd a file with the arena at `fileOffset`
 */
export function startScore(
  { executable, arenaBytes, ids, pids, gates, agent, init, guardian }: Score,
  fd: number,
  fileOffset: number,
  id: string,
  gateFd?: number,
  streams?: Streams,
): Performer {
  const inherit = gateFd === undefined ? [] : [gateFd];
  const options = { inherit, ...(streams && { streams }) };
  const spawn = (channelFd: number): number =>
    spawnAgent(forChannel(executable, channelFd), options);
  return startWith(options, spawn, (performer) => {
    performer.load(fd, fileOffset, arenaBytes);
    const { channel } = performer;
    channel.insert(id, ids);
    for (const offset of pids) channel.words[offset >> 2] = process.pid;
    for (const offset of gates) channel.words[offset >> 2] = gateFd ?? -1;
    performer.startLoaded(AGENT_PAGE, agent[0], agent[1]);
    performer.startLoaded(INIT_PAGE, init[0], init[1]);
    if (guardian === undefined) return;
    performer.startLoaded(DEPUTY_PAGE, guardian.deputy[0], guardian.deputy[1]);
  });
}

function forChannel(executable: string, channelFd: number): Uint8Array {
  const file = Uint8Array.fromHex(executable);
  new DataView(file.buffer).setUint32(EXECUTABLE_CHANNEL_OFFSET, channelFd, true);
  return file;
}
