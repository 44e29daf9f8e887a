// A text that is shown anew as it changes: in place on a terminal, elsewhere each new one below the others.
import type { CommandContext } from "../command.ts";
import { writeWhileRead } from "./output.ts";
import { findAbilities } from "./place.ts";
import { showPicture } from "./screen.ts";
import { type MakeText, TextPicture } from "./text-picture.ts";

const INTERVAL_MS = 1000;

/** Returns the exit code, once it is left. */
export async function watchText(read: () => MakeText, { env }: CommandContext): Promise<number> {
  const place = findAbilities(env);
  if (place !== undefined) return showPicture(new TextPicture(read), place, INTERVAL_MS);
  for (let before = ""; ;) {
    const text = read()(Infinity);
    if (text !== before && !writeWhileRead(text)) return 0;
    before = text;
    await new Promise((resolve) => setTimeout(resolve, INTERVAL_MS));
  }
}
