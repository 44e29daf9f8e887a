// Owners as two sides of a user namespace call them: a container's root is another user on the host.

/** Ids of the one side → those of the other; what has no counterpart stays as it is. */
export interface OwnerMap {
  uid(id: number): number;
  gid(id: number): number;
}

/** A range of ids: a line of /proc/PID/uid_map. user_namespaces(7) */
interface Range {
  readonly inside: number;
  readonly outside: number;
  readonly size: number;
}

const EVERY_ID = 2 ** 32 - 1;

/** The two ways of the maps of a process; undefined where each id is itself. */
export function makeOwnerMaps(
  uidMap: string,
  gidMap: string,
): { readonly toHost: OwnerMap; readonly toContainer: OwnerMap } | undefined {
  const [uids, gids] = [parseMap(uidMap), parseMap(gidMap)];
  if (uids.every(isItself) && gids.every(isItself)) return undefined;
  return {
    toHost: { uid: (id) => outward(uids, id), gid: (id) => outward(gids, id) },
    toContainer: { uid: (id) => inward(uids, id), gid: (id) => inward(gids, id) },
  };
}

function parseMap(text: string): Range[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => {
    const [inside = 0, outside = 0, size = 0] = line.trim().split(/\s+/).map(Number);
    return { inside, outside, size };
  });
}

const isItself = ({ inside, outside, size }: Range): boolean =>
  inside === outside && size === EVERY_ID;

function outward(ranges: readonly Range[], id: number): number {
  const range = ranges.find(({ inside, size }) => id >= inside && id < inside + size);
  return range === undefined ? id : id - range.inside + range.outside;
}

function inward(ranges: readonly Range[], id: number): number {
  const range = ranges.find(({ outside, size }) => id >= outside && id < outside + size);
  return range === undefined ? id : id - range.outside + range.inside;
}
