// Device rules become a default and its exceptions; a later rule wins or is refused.

import { describe, expect, test } from "bun:test";
import { defaultDeviceRules, devicePolicy, formatException } from "../../cgroups/device-rules.ts";
import type { DeviceRule } from "../../cgroups/resources.ts";
import { expectRefusal } from "./refused.ts";

function lines(rules: readonly DeviceRule[]): string[] {
  const { defaultAllow, exceptions } = devicePolicy(rules);
  return [defaultAllow ? "allow all" : "deny all", ...exceptions.map(formatException)];
}

const NULL: DeviceRule = { allow: true, type: "c", major: 1, minor: 3, access: "rw" };

describe("device rules", () => {
  test.each<[string, DeviceRule[], string[]]>([
    ["none deny everything", [], ["deny all"]],
    ["a rule for everything resets", [NULL, { allow: false }], ["deny all"]],
    ["allowing everything leaves nothing to except", [NULL, { allow: true }], ["allow all"]],
    ["an allowed device is an exception", [NULL], ["deny all", "c 1:3 rw"]],
    ["access to one device adds up", [NULL, { ...NULL, access: "m" }], ["deny all", "c 1:3 rwm"]],
    [
      "access is taken away letter by letter",
      [NULL, { ...NULL, allow: false, access: "w" }],
      ["deny all", "c 1:3 r"],
    ],
    [
      "a wide denial takes the narrower exceptions with it",
      [
        NULL,
        { allow: true, type: "c", major: 5, access: "r" },
        { allow: false, type: "c", major: 1 },
      ],
      ["deny all", "c 5:* r"],
    ],
    [
      "a denial of the other type changes nothing",
      [NULL, { allow: false, type: "b", access: "rwm" }],
      ["deny all", "c 1:3 rw"],
    ],
    [
      "a denied device is an exception from everything",
      [{ allow: true }, { allow: false, type: "b", major: 8, minor: -1, access: "w" }],
      ["allow all", "b 8:* w"],
    ],
    [
      "a rule for both types but not for everything is two",
      [{ allow: true, type: "a", major: 7, access: "r" }],
      ["deny all", "c 7:* r", "b 7:* r"],
    ],
  ])("%s", (_, rules, expected) => {
    expect(lines(rules)).toEqual(expected);
  });

  test("the default ones allow mknod of anything and use of the harmless devices only", () => {
    expect(lines(defaultDeviceRules())).toEqual([
      "deny all",
      "c *:* m",
      "b *:* m",
      "c 136:* rwm",
      "c 1:3 rwm",
      "c 1:5 rwm",
      "c 1:7 rwm",
      "c 1:8 rwm",
      "c 1:9 rwm",
      "c 5:0 rwm",
      "c 5:2 rwm",
    ]);
  });

  test.each<[DeviceRule[], string]>([
    [[{ allow: true, access: "rx" }], 'device access must be made of r, w and m: got "rx"'],
    [
      [{ allow: true, type: "c", major: 1.5 }],
      "device major must be an integer of 32 bits: got 1.5",
    ],
    [
      [{ allow: true, type: "c", minor: 2 ** 32 }],
      "device minor must be an integer of 32 bits: got 4294967296",
    ],
    [
      [
        { allow: true, type: "c", access: "m" },
        { allow: false, type: "c", major: 1, minor: 3, access: "rwm" },
      ],
      'device rule "c 1:3 rwm" takes a part out of "c *:* m", which cgroups cannot express',
    ],
    [
      [
        { allow: true, type: "b", major: 8 },
        { allow: false, type: "b", minor: 1 },
      ],
      'device rule "b *:1 rwm" takes a part out of "b 8:* rwm", which cgroups cannot express',
    ],
  ])("%j is refused", (rules, message) => {
    expectRefusal(() => devicePolicy(rules), message);
  });
});
