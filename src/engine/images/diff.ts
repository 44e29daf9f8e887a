// `diff`

import { type Change, listChanges } from "../../image/layer/changes.ts";
import { openStore } from "./open-store.ts";
import { isMountPlace, openContainer } from "./running-container.ts";

export type { Change } from "../../image/layer/changes.ts";

/** What a container has changed of its image's files. @throws UserError */
export async function diffContainer(text: string): Promise<Change[]> {
  using store = openStore();
  store.hold();
  const { upper, lowers } = await openContainer(text, store);
  return withoutMounts(listChanges(upper, lowers));
}

/** Places that were made for bunker's own mounts are no change of the container's. */
export function withoutMounts(changes: readonly Change[]): Change[] {
  const own = changes.filter(({ path }) => !isMountPlace(path));
  const hidden = changes.filter(({ path }) => isMountPlace(path));
  return own.filter(({ kind, path }) => {
    if (kind !== "C") return true;
    const isParent = (one: Change): boolean => one.path.startsWith(`${path}/`);
    return !hidden.some(isParent) || own.some(isParent);
  });
}
