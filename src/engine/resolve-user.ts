// `--user` and `--group-add` as ids, with the container's own passwd and group: docker's rules and
// words. A number is always an id, even where a user has it for a name.

import { UserError } from "../errors.ts";
import type { ResolvedUser } from "./host-facts.ts";
import {
  findGroup,
  findUser,
  ID_MAX,
  isDecimal,
  listGroupsOf,
  type PasswdEntry,
} from "./passwd.ts";
import type { UserOption } from "./run-options.ts";

/**
 * The ids of a user. Without an option it is uid 0; a uid that passwd does not know has gid 0, no
 * further groups and no home; a group that is given takes the further groups away.
 * @param passwdText the container's /etc/passwd, "" where it has none
 * @param groupText the container's /etc/group, "" where it has none
 * @throws UserError `unable to find user x: no matching entries in passwd file`
 */
export function resolveUser(
  option: UserOption | undefined,
  passwdText: string,
  groupText: string,
): ResolvedUser {
  const name = option?.user ?? "";
  const uid = parseNumeric(name);
  const entry = findEntry(name, uid, passwdText);
  if (entry === undefined && name !== "" && uid === undefined) {
    throw new UserError(`unable to find user ${name}: no matching entries in passwd file`);
  }
  const group = option?.group;
  if (group) return makeUser(entry, uid, resolveGroup(group, groupText), []);
  const groups = entry === undefined ? [] : listGroupsOf(groupText, entry.name);
  return makeUser(entry, uid, entry?.gid ?? 0, groups);
}

/**
 * The gids of `--group-add`, in order, each once.
 * @throws UserError `unable to find group x: no matching entries in group file`
 */
export function resolveGroups(names: readonly string[], groupText: string): number[] {
  const gids: number[] = [];
  for (const name of names) {
    const gid = resolveGroup(name, groupText);
    if (!gids.includes(gid)) gids.push(gid);
  }
  return gids;
}

/**
 * The user with the groups of `--group-add` besides.
 * @throws UserError as resolveGroups
 */
export function addGroups(
  user: ResolvedUser,
  names: readonly string[],
  groupText: string,
): ResolvedUser {
  if (names.length === 0) return user;
  return { ...user, additionalGids: [...user.additionalGids, ...resolveGroups(names, groupText)] };
}

/**
 * A user as text, `user[:group]`, as images have it; undefined for "".
 * What follows a second colon is ignored, as docker does.
 */
export function parseUserText(text: string): UserOption | undefined {
  if (text === "") return undefined;
  const [user = "", group = ""] = text.split(":", 2);
  return group === "" ? { user } : { user, group };
}

function findEntry(
  name: string,
  uid: number | undefined,
  passwdText: string,
): PasswdEntry | undefined {
  if (name === "") return findUser(passwdText, (entry) => entry.uid === 0);
  if (uid !== undefined) return findUser(passwdText, (entry) => entry.uid === uid);
  return findUser(passwdText, (entry) => entry.name === name);
}

function makeUser(
  entry: PasswdEntry | undefined,
  uid: number | undefined,
  gid: number,
  additionalGids: readonly number[],
): ResolvedUser {
  if (entry === undefined) return { uid: uid ?? 0, gid, additionalGids };
  return { uid: entry.uid, gid, additionalGids, home: entry.home };
}

function resolveGroup(name: string, groupText: string): number {
  const gid = parseNumeric(name);
  if (gid !== undefined) return gid;
  const entry = findGroup(groupText, (group) => group.name === name);
  if (entry !== undefined) return entry.gid;
  throw new UserError(`unable to find group ${name}: no matching entries in group file`);
}

// Signs as strconv.Atoi takes them: "-1" is a number out of range, and no name.
function parseNumeric(text: string): number | undefined {
  const isSigned = text.startsWith("-") || text.startsWith("+");
  if (!isDecimal(isSigned ? text.slice(1) : text)) return undefined;
  const id = Number(text);
  if (id >= 0 && id <= ID_MAX) return id;
  throw new UserError(`uids and gids must be in range 0-${ID_MAX}: got ${text}`);
}
