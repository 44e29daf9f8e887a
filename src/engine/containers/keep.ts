// A container becomes one that is kept.

import { writeText } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { makeId, makeName } from "../names.ts";
import type { RunOptions } from "../run-options.ts";
import type { StateStore } from "../state-store.ts";
import type { KeptContainer, KeptOptions, KeptStore } from "./kept.ts";

/** How often another name is made up. */
const ATTEMPTS = 10;

/**
 * Makes a container known under its name, or one that is made up; `events` are not told of it.
 * @param states where those that are not kept have their names
 * @param isLeft not to be started at once
 */
export function keepQuietly(
  options: KeptOptions,
  kept: KeptStore,
  states: Pick<StateStore, "findByName">,
  { id = makeId(), isLeft = false } = {},
): KeptContainer {
  for (let attempt = 0; ; attempt++) {
    const name = options.name ?? makeName(id, attempt);
    const isLast = options.name !== undefined || attempt === ATTEMPTS;
    if (!isLast && states.findByName(name) !== undefined) continue;
    try {
      const container = { id, name, createdMs: Date.now(), options };
      kept.create(container, isLeft);
      return container;
    } catch (error) {
      // Race: of two that made up the same name one comes first.
      if (isLast || !(error instanceof UserError)) throw error;
    }
  }
}

/** What is for one start alone stays out of what is kept. */
export function storable({ pullProgress: _, ...options }: RunOptions): KeptOptions {
  const { detach, interactive, attach } = options;
  const all = interactive ? ["stdin", "stdout", "stderr"] : ["stdout", "stderr"];
  return { ...options, attach: attach ?? (detach ? [] : all), detach: true, pull: "missing" };
}

/** `--cidfile` */
export function writeIdFile(path: string, id: string): void {
  writeText(path, id, { exclusive: true });
}
