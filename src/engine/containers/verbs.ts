// The verbs of containers. Start-up: each loads what it needs when it is called, as all of them together
// take longer to load than any of them to do.

import type * as events from "../events/follow.ts";
import type { Later } from "../later.ts";
import type { attachContainer as attach } from "./attach.ts";
import type * as copy from "./copy.ts";
import type * as end from "./end.ts";
import type { execInContainer as exec } from "./exec.ts";
import type { followLogs as follow } from "./follow-logs.ts";
import type { inspectContainers as inspect } from "./inspect.ts";
import type { containerLister as lister, listContainers as list } from "./list.ts";
import type { measureContainers as measure } from "./measure.ts";
import type * as pause from "./pause.ts";
import type * as processes from "./processes.ts";
import type { pruneContainers as prune } from "./prune.ts";
import type { removeContainer as remove } from "./remove.ts";
import type { renameContainer as rename } from "./rename.ts";
import type { createKept as create } from "./run-detached.ts";
import type * as start from "./start.ts";
import type { updateContainer as update } from "./update.ts";

export type { AttachOptions } from "./attach.ts";
export type { ExecOptions } from "./exec.ts";
export type { LogOptions } from "./follow-logs.ts";
export type { ContainerRow } from "./list.ts";
export type { Usage } from "./processes.ts";
export type { PrunedContainers } from "./prune.ts";
export type { RemoveOptions } from "./remove.ts";
export type { UpdateChanges } from "./update.ts";

export const attachContainer: Later<typeof attach> = async (...args) =>
  (await import("./attach.ts")).attachContainer(...args);

/** What lists them again and again. */
export const containerLister: Later<typeof lister> = async () =>
  (await import("./list.ts")).containerLister();

export const copyFromContainer: Later<typeof copy.copyFromContainer> = async (...args) =>
  (await import("./copy.ts")).copyFromContainer(...args);

export const copyToContainer: Later<typeof copy.copyToContainer> = async (...args) =>
  (await import("./copy.ts")).copyToContainer(...args);

export const createKept: Later<typeof create> = async (...args) =>
  (await import("./run-detached.ts")).createKept(...args);

export const execInContainer: Later<typeof exec> = async (...args) =>
  (await import("./exec.ts")).execInContainer(...args);

export const followEvents: Later<typeof events.followEvents> = async (...args) =>
  (await import("../events/follow.ts")).followEvents(...args);

export const followLogs: Later<typeof follow> = async (...args) =>
  (await import("./follow-logs.ts")).followLogs(...args);

export const inspectContainers: Later<typeof inspect> = async (...args) =>
  (await import("./inspect.ts")).inspectContainers(...args);

export const killContainer: Later<typeof end.killContainer> = async (...args) =>
  (await import("./end.ts")).killContainer(...args);

export const listContainers: Later<typeof list> = async (...args) =>
  (await import("./list.ts")).listContainers(...args);

export const listPids: Later<typeof processes.listPids> = async (...args) =>
  (await import("./processes.ts")).listPids(...args);

export const measureContainers: Later<typeof measure> = async (...args) =>
  (await import("./measure.ts")).measureContainers(...args);

export const pauseContainer: Later<typeof pause.pauseContainer> = async (...args) =>
  (await import("./pause.ts")).pauseContainer(...args);

export const pruneContainers: Later<typeof prune> = async (...args) =>
  (await import("./prune.ts")).pruneContainers(...args);

export const removeContainer: Later<typeof remove> = async (...args) =>
  (await import("./remove.ts")).removeContainer(...args);

export const renameContainer: Later<typeof rename> = async (...args) =>
  (await import("./rename.ts")).renameContainer(...args);

export const restartContainer: Later<typeof start.restartContainer> = async (...args) =>
  (await import("./start.ts")).restartContainer(...args);

export const startAttached: Later<typeof start.startAttached> = async (...args) =>
  (await import("./start.ts")).startAttached(...args);

export const startContainer: Later<typeof start.startContainer> = async (...args) =>
  (await import("./start.ts")).startContainer(...args);

export const stopContainer: Later<typeof end.stopContainer> = async (...args) =>
  (await import("./end.ts")).stopContainer(...args);

export const unpauseContainer: Later<typeof pause.unpauseContainer> = async (...args) =>
  (await import("./pause.ts")).unpauseContainer(...args);

export const updateContainer: Later<typeof update> = async (...args) =>
  (await import("./update.ts")).updateContainer(...args);

/** What reads the usage of containers, again and again. */
export const usageReader = async (): Promise<typeof processes.readUsage> =>
  (await import("./processes.ts")).readUsage;

export const waitForContainer: Later<typeof end.waitForContainer> = async (...args) =>
  (await import("./end.ts")).waitForContainer(...args);
