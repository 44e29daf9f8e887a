// What the words of a bind mount change of its source's flags.

import { describe, expect, test } from "bun:test";
import { formatFlags, MOUNT_ATTR } from "../../ffi/constants.ts";
import { bindAttributes } from "../../fs/bind-attributes.ts";

function change(words: string, keepsLocked = false): string | undefined {
  const attributes = bindAttributes(words.split(" "), keepsLocked);
  if (attributes === undefined) return undefined;
  const short = (bits: number) => formatFlags(MOUNT_ATTR, bits).replaceAll("MOUNT_ATTR_", "");
  return `+${short(attributes.set)} -${short(attributes.clear)}`;
}

describe("a bind mount", () => {
  test("keeps the flags of its source where no word is about them", () => {
    expect(change("rbind rprivate")).toBeUndefined();
    expect(change("bind idmap tmpcopyup size=1m")).toBeUndefined();
  });

  test("has no flag that is not named, as soon as one is", () => {
    expect(change("bind ro")).toBe("+RDONLY -NOSUID|NODEV|NOEXEC|NOSYMFOLLOW");
    expect(change("bind dev")).toBe("+0 -RDONLY|NOSUID|NODEV|NOEXEC|NOSYMFOLLOW");
  });

  test("keeps the flags that may be locked, but for those whose end is asked for", () => {
    expect(change("bind ro", true)).toBe("+RDONLY -NOSYMFOLLOW");
    expect(change("bind rw nosuid", true)).toBe("+NOSUID -RDONLY|NOSYMFOLLOW");
  });

  test("takes the last of two words", () => {
    expect(change("ro rw", true)).toBe("+0 -RDONLY|NOSYMFOLLOW");
    expect(change("rw ro", true)).toBe("+RDONLY -NOSYMFOLLOW");
  });

  test.each([
    ["noatime", "+NOATIME -NOATIME|STRICTATIME|NODIRATIME|0x40|NOSYMFOLLOW"],
    ["strictatime", "+STRICTATIME -NOATIME|STRICTATIME|NODIRATIME|NOSYMFOLLOW|0x40"],
    ["noatime strictatime", "+STRICTATIME -NOATIME|STRICTATIME|NODIRATIME|NOSYMFOLLOW|0x40"],
    ["strictatime noatime", "+STRICTATIME -NOATIME|STRICTATIME|NODIRATIME|NOSYMFOLLOW|0x40"],
    ["nodiratime", "+NODIRATIME -NOATIME|STRICTATIME|NODIRATIME|NOSYMFOLLOW|0x40"],
    ["relatime", "+0 -NOATIME|STRICTATIME|NODIRATIME|NOSYMFOLLOW|0x40"],
  ])("has the access times of %s and none else", (words, expected) => {
    const sorted = (text: string | undefined) => text?.split(/[ |]/).sort().join(" ");
    expect(sorted(change(words, true))).toBe(sorted(expected));
  });

  test.each(["atime", "norelatime", "nostrictatime", "diratime"])(
    "leaves access times alone with %s, as mount(8) does",
    (word) => {
      expect(change(word, true)).toBe("+0 -NOSYMFOLLOW");
    },
  );
});
