// A folder of what bunker keeps as a bind mount.

import { readLink } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { HostMountOption } from "../run-options.ts";

/** Security: a link that a container has made in its volume may lead anywhere on the host. */
export function refuseLinks(source: string, subpath: string): void {
  let path = source;
  for (const part of subpath.split("/")) {
    path += `/${part}`;
    if (readLink(path) === undefined) continue;
    throw linkRefusal(path);
  }
}

export const linkRefusal = (path: string): UserError =>
  new UserError(`subpath must not lead over symbolic links: ${path} is one`);

/** The mount of a folder that is there. */
export function makeBind(source: string, target: string, readonly: boolean): HostMountOption {
  return {
    type: "bind",
    source,
    target,
    readonly,
    propagation: "rprivate",
    createSource: false,
    recursive: true,
  };
}
