// What a test waits for that nobody tells it: asked again and again, and in the end an error.

import { slowness } from "./tier.ts";

const PATIENCE_MS = 20_000;
const PAUSE_MS = 20;

/** Until `condition` holds. Rejects after 20 seconds, and later where the CPU is emulated. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + PATIENCE_MS * slowness();
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not in time: ${condition}`);
    await Bun.sleep(PAUSE_MS);
  }
}
