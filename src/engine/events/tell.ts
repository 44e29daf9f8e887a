// Telling of what has happened to a container.

import type { KeptContainer } from "../containers/kept.ts";
import { runFolder } from "../run-folder.ts";
import { appendEvent } from "./event-log.ts";

/** @param further what is known besides the container's name, image and labels */
export function tell(
  action: string,
  { id, name, options: { root, labels } }: KeptContainer,
  further: Readonly<Record<string, string>> = {},
): void {
  const image =
    root.kind === "image" ? root.reference : root.kind === "rootfs" ? root.path : "host";
  appendEvent(runFolder(process.env), {
    timeMs: performance.timeOrigin + performance.now(),
    type: "container",
    action,
    id,
    attributes: { ...labels, ...further, image, name },
  });
}
