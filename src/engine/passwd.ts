// /etc/passwd and /etc/group of a container, read as hostile text: an image can put anything there. A
// line that is not wholly in order is no entry. man 5 passwd, man 5 group.

/** One line of passwd, as far as it matters here. */
export interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** One line of group. */
export interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** The largest id that docker takes, too: 2^31-1. */
export const ID_MAX = 0x7fff_ffff;

/** Characters; a group's list of members can be long, and docker gives it as much. */
const LINE_MAX = 1 << 20;

/** The first entry that fits, or undefined. */
export function findUser(
  passwd: string,
  fits: (entry: PasswdEntry) => boolean,
): PasswdEntry | undefined {
  return findEntry(passwd, (line) => {
    const entry = parseUser(line);
    return entry !== undefined && fits(entry) ? entry : undefined;
  });
}

/** The first group that fits, or undefined. */
export function findGroup(
  group: string,
  fits: (entry: GroupEntry) => boolean,
): GroupEntry | undefined {
  return findEntry(group, (line) => {
    const entry = parseGroup(line);
    return entry !== undefined && fits(entry) ? entry : undefined;
  });
}

/** The gids of the groups that list a member by name, each once, in the order of the file. */
export function listGroupsOf(group: string, member: string): number[] {
  const gids: number[] = [];
  findEntry(group, (line) => {
    // Most lines do not have the name at all, and need no parsing.
    const entry = line.includes(member) ? parseGroup(line) : undefined;
    if (entry?.members.includes(member) && !gids.includes(entry.gid)) gids.push(entry.gid);
    return undefined;
  });
  return gids;
}

/**
 * An id in decimal, or undefined for any other text.
 * Security: Go's reader takes a number it cannot read as 0, which makes `evil:x:junk:` root; and one
 * beyond 32 bits wraps around to it.
 */
export function parseId(text: string): number | undefined {
  if (!isDecimal(text) || text.length > 10) return undefined;
  const id = Number(text);
  return id <= ID_MAX ? id : undefined;
}

/** Walks the lines without ever making a list of them; stops at the first result. */
function findEntry<T>(text: string, take: (line: string) => T | undefined): T | undefined {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf("\n", start);
    const end = newline === -1 ? text.length : newline;
    if (end - start <= LINE_MAX) {
      const line = text.slice(start, end).trim();
      const found = isEntry(line) ? take(line) : undefined;
      if (found !== undefined) return found;
    }
    start = end + 1;
  }
  return undefined;
}

function isEntry(line: string): boolean {
  return line !== "" && !line.startsWith("#") && !line.includes("\0");
}

function parseUser(line: string): PasswdEntry | undefined {
  const fields = line.split(":", 7);
  const name = fields[0] ?? "";
  const uid = parseId(fields[2] ?? "");
  const gid = parseId(fields[3] ?? "");
  const home = fields[5] ?? "";
  return name === "" || uid === undefined || gid === undefined
    ? undefined
    : { name, uid, gid, home };
}

function parseGroup(line: string): GroupEntry | undefined {
  const fields = line.split(":", 4);
  const name = fields[0] ?? "";
  const gid = parseId(fields[2] ?? "");
  const members = fields[3] ?? "";
  if (name === "" || gid === undefined) return undefined;
  return { name, gid, members: members === "" ? [] : members.split(",") };
}

/** Whether a text is digits and nothing else. Start-up time: the first regex of a process costs 50 µs. */
export function isDecimal(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return text !== "";
}
