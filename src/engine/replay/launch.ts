// What every replayed launch goes through: the agent starts, the host is asked again, the init process
// comes to the gate.

import { INIT_PAGE, type Performer } from "../../../ffi/agent/performer.ts";
import { AT_FDCWD } from "../../../ffi/constants.ts";
import { fileIdentity, writeText } from "../../../ffi/files.ts";
import { startScore } from "../../container/start-score.ts";
import type { UndoStack } from "../../container/undo-stack.ts";
import {
  type Entry,
  type Found,
  keep,
  type KeptFile,
  type KeptLaunch,
  type LaunchBasis,
} from "./kept.ts";

/** How a request was met. */
export interface Replay {
  /** undefined: it is still to be run. */
  readonly exitCode?: number;
  /** To be called once it was run, for the next time. */
  readonly afterwards?: () => Promise<void>;
}

/** Another build may plan something else. */
export const buildOf = (): string => fileIdentity(AT_FDCWD, "/proc/self/exe").version;

/** Why a launch has not come to the user's program: it failed, or the host is another one by now. */
export type Unmet = "failed" | "another host";

/** What fails more often than this is not tried again: it may have been the moment, or is always so. */
export const FAILURES_MAX = 3;

/**
 * What is to be done about a request for which something is kept, or nothing yet.
 * @param perform gives an exit code
 */
export async function meet<T extends LaunchBasis>(
  { path, key, file }: Found<T>,
  perform: (launch: KeptLaunch<T>, file: KeptFile<T>) => Promise<number | Unmet>,
  rehearse: (entry: Entry) => Promise<void>,
): Promise<Replay> {
  const { refused = false, launch, failures = 0 } = file?.kept ?? {};
  const entry = { path, key, failures };
  if (file === undefined) return { afterwards: async () => keep(entry) };
  if (refused || failures >= FAILURES_MAX) return {};
  const afterwards = (): Promise<void> => rehearse(entry);
  if (launch === undefined) return { afterwards };
  const outcome = await perform(launch, file);
  if (outcome === "another host") return { afterwards };
  if (outcome !== "failed") return { exitCode: outcome };
  keep({ ...entry, failures: failures + 1 });
  return {};
}

type Later = typeof import("./after-start.ts");

/** A container on its way to the gate. */
export class ReplayedLaunch<T extends LaunchBasis> {
  readonly performer: Performer;
  #later: Later | undefined;
  /** Set once it has ended and was waited for. */
  hasEnded = false;
  /** Set once signals can be passed on: the init process, by a pidfd. */
  initFd = -1;

  private constructor(
    readonly launch: KeptLaunch<T>,
    { fd, arenaOffset }: KeptFile<T>,
    readonly id: string,
    undo: UndoStack,
    gateFd?: number,
  ) {
    undo.push(() => this.#clearCgroup());
    this.performer = startScore(launch.score, fd, arenaOffset, id, gateFd);
    // Security: once it has ended, its pids may be others'.
    undo.push(() => {
      if (!this.hasEnded) this.#later?.destroy(this.performer);
    });
  }

  /** @param undo gets what takes everything back */
  static async start<T extends LaunchBasis>(
    launch: KeptLaunch<T>,
    file: KeptFile<T>,
    id: string,
    undo: UndoStack,
    gateFd?: number,
  ): Promise<ReplayedLaunch<T>> {
    const started = new ReplayedLaunch(launch, file, id, undo, gateFd);
    // Order: the agent is at work meanwhile.
    started.#later = await import("./after-start.ts");
    return started;
  }

  /** What is needed from here on. */
  get later(): Later {
    if (this.#later === undefined) throw new Error("the launch has not been started");
    return this.#later;
  }

  /**
   * What is done while the agent is at work.
   * Race: where it fails, the agent may be making the init process, which nobody would know of.
   */
  async beside<R>(act: () => Promise<R>): Promise<R> {
    try {
      return await act();
    } catch (error) {
      this.#giveUp("failed");
      throw error;
    }
  }

  /** To be called once the container is known: its agent waits for that before it goes on. */
  goOn(): void {
    this.later.goOn(this.performer, this.launch.score);
  }

  /**
   * The pid of the init process, whose set-up goes on.
   * Order: the agent is at work meanwhile, on what nobody sees yet.
   */
  findInit(): number | Unmet {
    const { observations, standInId, score, oomScoreAdj } = this.launch;
    const { stillHolds, waitForInit } = this.later;
    if (!stillHolds(observations, standInId, this.id)) return this.#giveUp("another host");
    try {
      const initPid = waitForInit(this.performer, score);
      if (oomScoreAdj !== undefined) {
        writeText(`/proc/${initPid}/oom_score_adj`, String(oomScoreAdj), { existing: true });
      }
      return initPid;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Waits until all is set up; undefined once it is. */
  finish(): Unmet | undefined {
    try {
      this.performer.finish(INIT_PAGE);
      return undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Waits until the init process is at its gate, where it stays; undefined once it is. */
  comeToGate(): Unmet | undefined {
    try {
      return this.later.comesToGate(this.performer, this.launch.score) ? undefined : "failed";
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Lets the init process go on to its program; undefined once it may, and all is set up. */
  open(): Unmet | undefined {
    try {
      this.later.openGate(this.performer, this.launch.score);
      return undefined;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /**
   * From the call of what comes back on, the caller's signals are the container's.
   * Race: to be called before the gate opens. Afterwards a signal would end this process instead.
   */
  prepareForwarding(initPid: number): (() => void) | Unmet {
    const { pidfd_open, prepareForwarding } = this.later;
    try {
      this.initFd = pidfd_open(initPid).release();
      return prepareForwarding(this.initFd);
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** A text of the launch with the container's own id in it. */
  named(text: string): string {
    return text.replaceAll(this.launch.standInId, this.id);
  }

  /** Which call it was, and why it failed, is found out by who has the plan. */
  #fail(error: unknown): Unmet {
    if (!(error instanceof Error)) throw error;
    return this.#giveUp("failed");
  }

  #giveUp(why: Unmet): Unmet {
    this.later.findInit(this.performer, this.launch.score);
    return why;
  }

  #clearCgroup(): void {
    // Where nothing was started, there is none.
    if (this.#later === undefined) return;
    const { hasCleared, removeCgroups } = this.#later;
    if (this.hasEnded && hasCleared(this.performer, this.launch.score)) return;
    const directories: string[] = [];
    for (const path of this.launch.cgroupDirectories) directories.push(this.named(path));
    removeCgroups(directories);
  }
}
