// Telling of what has happened.

import type { RunOptions } from "../run-options.ts";
import { runFolder } from "../run-folder.ts";
import { describeRun } from "./describe-run.ts";
import { appendEvents, type EventRecord, formatEvents } from "./event-log.ts";

/** What events say of a container. */
export interface ToldContainer {
  readonly id: string;
  readonly name: string;
  readonly options: Pick<RunOptions, "root" | "labels">;
}

type Attributes = Readonly<Record<string, string>>;

/** @param further what is known besides the container's name, image and labels */
export function tell(action: string, container: ToldContainer, further: Attributes = {}): void {
  tellAll({ [action]: further }, container);
}

/** Several events of one moment. @param actions each with what is known besides */
export function tellAll(
  actions: Readonly<Record<string, Attributes>>,
  container: ToldContainer,
): void {
  appendEvents(runFolder(process.env), makeEvents(now(), actions, container));
}

/** The same as a text without a time, for tellAgain(). */
export function formatTold(
  actions: Readonly<Record<string, Attributes>>,
  container: ToldContainer,
): string {
  return formatEvents(makeEvents(0, actions, container));
}

function makeEvents(
  timeMs: number,
  actions: Readonly<Record<string, Attributes>>,
  { id, name, options }: ToldContainer,
): EventRecord[] {
  const { root, labels } = options;
  const about = describeRun({ root, labels: {}, name });
  return Object.entries(actions).map(([action, further]) => {
    const attributes = { ...labels, ...further, ...about };
    return { timeMs, type: "container", action, id, attributes };
  });
}

const now = (): number => performance.timeOrigin + performance.now();

/** @param id what `events` calls the actor: an image's id, the name of a volume */
export function tellOf(
  type: "container" | "image" | "network" | "volume",
  action: string,
  id: string,
  attributes: Attributes,
): void {
  appendEvents(runFolder(process.env), [{ timeMs: now(), type, action, id, attributes }]);
}

/** docker's `resize`: what a terminal is given is told of. */
export const tellSize =
  (container: ToldContainer) =>
  ({ rows, columns }: { readonly rows: number; readonly columns: number }): void => {
    tell("resize", container, { height: String(rows), width: String(columns) });
  };

/** The end of a container that runs in the foreground: then it is gone at once. */
export function tellEnd(container: ToldContainer, exitCode: number, startedMs: number): void {
  tellAll({ die: describeEnd(exitCode, startedMs, Date.now()), destroy: {} }, container);
}

/** docker's attributes of `die`. */
export function describeEnd(
  exitCode: number,
  startedMs: number,
  endedMs: number,
): Record<string, string> {
  const seconds = Math.max(0, Math.floor((endedMs - startedMs) / 1000));
  return { execDuration: String(seconds), exitCode: String(exitCode) };
}
