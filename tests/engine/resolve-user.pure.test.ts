import { describe, expect, test } from "bun:test";
import type { ResolvedUser } from "../../src/engine/host-facts.ts";
import { findUser, listGroupsOf, parseId } from "../../src/engine/passwd.ts";
import {
  addGroups,
  parseUserText,
  resolveGroups,
  resolveUser,
} from "../../src/engine/resolve-user.ts";

const passwd = `# comment
root:x:0:0:root:/root:/bin/bash
  www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
1337:x:1000:1000::/home/leet:/bin/sh
evil:x:junk:0:::
wrap:x:4294967296:0:::
minus:x:-1:0:::
nul\0:x:7:7:::
short:x:8
dos:x:9:9::/dos:/bin/sh\r
www-data:x:34:34::/second:/bin/sh
nohome:x:10:10
`;
const group = `root:x:0:root
adm:x:4:syslog,www-data
www-data:x:33:
#adm:x:5:www-data
audio:x:29:www-data,audio-user
audio:x:30:
bad:x:nan:www-data
`;

describe("resolveUser", () => {
  const table: [text: string, expected: ResolvedUser][] = [
    ["", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
    ["root", { uid: 0, gid: 0, additionalGids: [0], home: "/root" }],
    ["www-data", { uid: 33, gid: 33, additionalGids: [4, 29], home: "/var/www" }],
    ["33", { uid: 33, gid: 33, additionalGids: [4, 29], home: "/var/www" }],
    ["www-data:adm", { uid: 33, gid: 4, additionalGids: [], home: "/var/www" }],
    ["www-data:12345", { uid: 33, gid: 12345, additionalGids: [], home: "/var/www" }],
    ["4242", { uid: 4242, gid: 0, additionalGids: [] }],
    ["4242:29", { uid: 4242, gid: 29, additionalGids: [] }],
    ["4242:audio", { uid: 4242, gid: 29, additionalGids: [] }],
    [":adm", { uid: 0, gid: 4, additionalGids: [], home: "/root" }],
    // A number is an id, though a user is called so.
    ["1337", { uid: 1337, gid: 0, additionalGids: [] }],
    ["dos", { uid: 9, gid: 9, additionalGids: [], home: "/dos" }],
    ["nohome", { uid: 10, gid: 10, additionalGids: [], home: "" }],
    ["2147483647", { uid: 2147483647, gid: 0, additionalGids: [] }],
  ];
  for (const [text, expected] of table) {
    test(`makes ids of ${JSON.stringify(text)}`, () => {
      expect(resolveUser(parseUserText(text), passwd, group)).toEqual(expected);
    });
  }

  const refused: [text: string, message: string][] = [
    ["nobody", "unable to find user nobody: no matching entries in passwd file"],
    ["evil", "unable to find user evil: no matching entries in passwd file"],
    ["wrap", "unable to find user wrap: no matching entries in passwd file"],
    ["minus", "unable to find user minus: no matching entries in passwd file"],
    ["short", "unable to find user short: no matching entries in passwd file"],
    ["root:wheel", "unable to find group wheel: no matching entries in group file"],
    ["root:bad", "unable to find group bad: no matching entries in group file"],
    ["2147483648", "uids and gids must be in range 0-2147483647: got 2147483648"],
    ["-1", "uids and gids must be in range 0-2147483647: got -1"],
    ["0:4294967296", "uids and gids must be in range 0-2147483647: got 4294967296"],
  ];
  for (const [text, message] of refused) {
    test(`refuses ${text}`, () => {
      expect(() => resolveUser(parseUserText(text), passwd, group)).toThrow(message);
    });
  }

  test("is root with no home in a container without passwd and group", () => {
    expect(resolveUser(undefined, "", "")).toEqual({ uid: 0, gid: 0, additionalGids: [] });
  });
});

describe("--group-add", () => {
  test("resolves names and numbers, each once, after the user's own", () => {
    const user = resolveUser(parseUserText("www-data"), passwd, group);
    expect(resolveGroups(["audio", "4", "29", "999"], group)).toEqual([29, 4, 999]);
    expect(addGroups(user, ["999"], group).additionalGids).toEqual([4, 29, 999]);
  });
  test("refuses a group that is not there", () => {
    expect(() => resolveGroups(["wheel"], group)).toThrow(
      "unable to find group wheel: no matching entries in group file",
    );
  });
});

describe("hostile files", () => {
  test("a line of megabytes is passed over, and what follows is found", () => {
    const huge = `${"a".repeat(3 << 20)}:x:0:0:::\nme:x:5:5::/me:\n`;
    expect(findUser(huge, () => true)?.name).toBe("me");
  });
  test("a million lines take no more time than their number", () => {
    const started = performance.now();
    expect(findUser("u:x:1:1:::\n".repeat(1_000_000), (user) => user.uid === 2)).toBeUndefined();
    expect(performance.now() - started).toBeLessThan(10_000);
  });
  test("a line with a NUL byte is no entry", () => {
    expect(findUser("a\0:x:0:0:::\nb:x:0:0:::", (user) => user.uid === 0)?.name).toBe("b");
  });
  test("a member is listed by its whole name only", () => {
    expect(listGroupsOf("g:x:7:www,www-data-x\nwww-data:x:8:\n", "www-data")).toEqual([]);
  });
  for (const text of ["", " 1", "1 ", "+1", "0x1", "1e3", "１", "2147483648", "99999999999"]) {
    test(`${JSON.stringify(text)} is no id`, () => expect(parseId(text)).toBeUndefined());
  }
});
