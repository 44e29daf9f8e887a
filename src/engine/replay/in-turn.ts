// A replayed run in the foreground between whose events others are told of: its network, its volumes. So
// this process tells of it, and not its agent.

import { POLL, poll } from "../../../ffi/poll.ts";
import type { WaitingProgram } from "../../../network/program.ts";
import { tellAgain } from "../events/tell-again.ts";
import { tellMounts } from "../events/tell-of-things.ts";
import type { MountPoint } from "../container-details.ts";
import type { PendingNetwork } from "../networks/attach.ts";
import type { Reservation } from "../state-store.ts";
import type { RunLaunch, ToldInTurn } from "./kept.ts";

export class InTurn {
  #areMounted = false;

  private constructor(
    private readonly told: ToldInTurn,
    private readonly place: Reservation,
    private readonly runFolder: string,
    private readonly network: PendingNetwork | undefined,
    private readonly mounts: readonly MountPoint[],
  ) {}

  /**
   * Its addresses and ports are its own.
   * @param ahead makes its network, where it has one
   * @throws UserError for those that cannot be had
   */
  static async begin(
    { mounts, network, told }: RunLaunch,
    place: Reservation,
    runFolder: string,
    ahead: WaitingProgram | undefined,
  ): Promise<InTurn | undefined> {
    if (told === undefined) return undefined;
    let taken: PendingNetwork | undefined;
    if (network !== undefined && ahead !== undefined) {
      const { takeNetwork } = await import("./network.ts");
      taken = await takeNetwork(network, place, ahead);
    }
    return new InTurn(told, place, runFolder, taken, mounts ?? []);
  }

  /** There is a process in its network, whose links are on their way. */
  start(initPid: number): void {
    this.network?.start(initPid);
    this.#tell(this.told.created);
    tellMounts("mount", this.place.id, this.mounts);
    this.#areMounted = true;
  }

  /** Waits until its links are there: the gate may open. @throws UserError as `ip` says it */
  finish(): void {
    this.network?.finish();
  }

  begun(): void {
    this.#tell(this.told.started);
  }

  /**
   * Takes its network away once its processes have ended.
   * Order: while its agent clears what else they have left.
   * @param pidfd of the init process
   */
  awaitEnd(pidfd: number): void {
    if (this.network === undefined) return;
    poll([{ fd: pidfd, events: POLL.POLLIN }], -1);
    this.network.leave();
  }

  /** Returns what tells that nothing is left of it. */
  ended(exitCode: number): () => void {
    const seconds = Math.floor(performance.now() / 1000);
    this.#tell(this.told.died, [String(exitCode), String(seconds)]);
    return () => this.#tell(this.told.destroyed);
  }

  /** To be called in any case, once its processes are gone. */
  undo(): void {
    if (this.#areMounted) tellMounts("unmount", this.place.id, this.mounts);
    this.network?.tearDown();
  }

  #tell(text: string, more: readonly string[] = []): void {
    tellAgain(this.runFolder, text, [this.place.id, this.place.name, ...more]);
  }
}
