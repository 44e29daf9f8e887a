// Trying again after what may pass: 429, 5xx, cut connections. With longer pauses each time, and a
// part of each by chance, so that many clients do not come back at once.
import { RegistryError } from "./error.ts";
import type { RegistryLimits } from "./limits.ts";

/** Counts the attempts of one piece of work and pauses between them. */
export class Patience {
  #failures = 0;

  constructor(
    private readonly limits: RegistryLimits,
    private readonly onPause?: (pauseMs: number, error: RegistryError) => void,
  ) {}

  /** What was got shows that the registry is well: the count starts anew. */
  refresh(): void {
    this.#failures = 0;
  }

  /** Waits before the next attempt. Throws `error` where there is none. */
  async pauseAfter(error: unknown): Promise<void> {
    if (!(error instanceof RegistryError) || !error.isTemporary) throw error;
    this.#failures++;
    if (this.#failures >= this.limits.attempts) throw error;
    const asked = error.retryAfterMs;
    if (asked !== undefined && asked > this.limits.retryAfterMs) throw error;
    const pauseMs = asked ?? this.#nextPauseMs();
    this.onPause?.(pauseMs, error);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }

  #nextPauseMs(): number {
    const { firstPauseMs, longestPauseMs } = this.limits;
    const whole = Math.min(firstPauseMs * 2 ** (this.#failures - 1), longestPauseMs);
    return whole / 2 + Math.random() * (whole / 2);
  }
}

/** The result of `attempt`, which is repeated while its errors are temporary. */
export async function withRetries<T>(
  limits: RegistryLimits,
  attempt: () => Promise<T>,
  onPause?: (pauseMs: number, error: RegistryError) => void,
): Promise<T> {
  const patience = new Patience(limits, onPause);
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      await patience.pauseAfter(error);
    }
  }
}
