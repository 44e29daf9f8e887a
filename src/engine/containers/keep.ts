// A container becomes one that is kept.

import { writeText } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import { makeId, makeName } from "../names.ts";
import type { RunOptions } from "../run-options.ts";
import type { KeptContainer, KeptOptions, KeptStore } from "./kept.ts";

/**
 * Makes a container known under its name, or one that is made up; `events` are not told of it.
 * @param isLeft not to be started at once
 */
export function keepQuietly(options: KeptOptions, kept: KeptStore, isLeft = false): KeptContainer {
  const id = makeId();
  for (let attempt = 0; ; attempt++) {
    const name = options.name ?? makeName(id, attempt);
    try {
      const container = { id, name, createdMs: Date.now(), options };
      kept.create(container, isLeft);
      return container;
    } catch (error) {
      if (options.name !== undefined || !(error instanceof UserError) || attempt > 9) throw error;
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
