// The verbs of containers, loaded together by the first command that asks for one. Each blocks, but
// for those that start something.

import type * as events from "../events/follow.ts";
import type * as copy from "./copy.ts";
import type { inspectContainers as inspect } from "./inspect.ts";
import type { measureContainers as measure } from "./measure.ts";

export { attachContainer, type AttachOptions } from "./attach.ts";
export { createKept } from "./run-detached.ts";
export { killContainer, stopContainer, waitForContainer } from "./end.ts";
export { execInContainer, type ExecOptions } from "./exec.ts";
export { followLogs, type LogOptions } from "./follow-logs.ts";
export { type ContainerRow, listContainers } from "./list.ts";
export { pauseContainer, unpauseContainer } from "./pause.ts";
export { removeContainer, type RemoveOptions } from "./remove.ts";
export { renameContainer } from "./rename.ts";
export { restartContainer, startAttached, startContainer } from "./start.ts";
export { listPids, readUsage, type Usage } from "./processes.ts";
export { type PrunedContainers, pruneContainers } from "./prune.ts";
export { updateContainer, type UpdateChanges } from "./update.ts";

type Later<F extends (...args: never[]) => unknown> = (
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;

export const copyFromContainer: Later<typeof copy.copyFromContainer> = async (...args) =>
  (await import("./copy.ts")).copyFromContainer(...args);

export const copyToContainer: Later<typeof copy.copyToContainer> = async (...args) =>
  (await import("./copy.ts")).copyToContainer(...args);

export const inspectContainers: Later<typeof inspect> = async (...args) =>
  (await import("./inspect.ts")).inspectContainers(...args);

export const measureContainers: Later<typeof measure> = async (...args) =>
  (await import("./measure.ts")).measureContainers(...args);

export const followEvents: Later<typeof events.followEvents> = async (...args) =>
  (await import("../events/follow.ts")).followEvents(...args);
