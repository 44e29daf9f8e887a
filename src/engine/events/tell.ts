// Telling of what has happened.

import type { KeptContainer } from "../containers/kept.ts";
import { runFolder } from "../run-folder.ts";
import { describeRun } from "./describe-run.ts";
import { appendEvents } from "./event-log.ts";

/** @param further what is known besides the container's name, image and labels */
export function tell(
  action: string,
  { id, name, options }: Pick<KeptContainer, "id" | "name" | "options">,
  further: Readonly<Record<string, string>> = {},
): void {
  const { root, labels } = options;
  const attributes = { ...labels, ...further, ...describeRun({ root, labels: {}, name }) };
  tellOf("container", action, id, attributes);
}

/** Several events of one moment. */
export function tellAll(
  actions: readonly string[],
  { id, name, options }: Pick<KeptContainer, "id" | "name" | "options">,
): void {
  const { root, labels } = options;
  const attributes = describeRun({ root, labels, name });
  const timeMs = now();
  const events = actions.map((action) => ({ timeMs, type: "container", action, id, attributes }));
  appendEvents(runFolder(process.env), events);
}

const now = (): number => performance.timeOrigin + performance.now();

/** @param id what `events` calls the actor: an image's id, the name of a volume */
export function tellOf(
  type: "container" | "image" | "network" | "volume",
  action: string,
  id: string,
  attributes: Readonly<Record<string, string>>,
): void {
  appendEvents(runFolder(process.env), [{ timeMs: now(), type, action, id, attributes }]);
}

/** docker's `resize`: what a terminal is given is told of. */
export const tellSize =
  (container: Pick<KeptContainer, "id" | "name" | "options">) =>
  ({ rows, columns }: { readonly rows: number; readonly columns: number }): void => {
    tell("resize", container, { height: String(rows), width: String(columns) });
  };

/** The end of a container that runs in the foreground: then it is gone at once. */
export function tellEnd(
  container: Pick<KeptContainer, "id" | "name" | "options">,
  exitCode: number,
  startedMs: number,
): void {
  tell("die", container, describeEnd(exitCode, startedMs, Date.now()));
  tell("destroy", container);
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
