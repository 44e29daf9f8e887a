// Addresses as numbers, and the pools that they come from.

import { describe, expect, test } from "bun:test";
import {
  contains,
  formatAddress,
  formatSubnet,
  overlaps,
  parseAddress,
  parseSubnet,
  reverseName,
  type Subnet,
} from "../../network/address.ts";
import { makeMac } from "../../network/hardware-address.ts";
import { chooseSubnet, listRoutes } from "../../network/pool.ts";

function subnet(text: string): Subnet {
  const parsed = parseSubnet(text);
  if (parsed === undefined) throw new Error(`not a subnet: ${text}`);
  return parsed;
}

describe("an address", () => {
  const written: readonly (readonly [text: string, shortest: string])[] = [
    ["10.0.0.1", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["fd00:0:0:0:0:0:0:1", "fd00::1"],
    ["2001:DB8:0:1:0:0:0:1", "2001:db8:0:1::1"],
    ["1:0:2:0:3:0:4:0", "1:0:2:0:3:0:4:0"],
    ["::ffff:10.0.0.1", "::ffff:a00:1"],
    ["fe80::", "fe80::"],
  ];
  for (const [text, shortest] of written) {
    test(`${text} is written ${shortest}`, () => {
      const address = parseAddress(text);
      expect(address === undefined ? undefined : formatAddress(address)).toBe(shortest);
    });
  }

  const wrong = ["", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.4.5", ":", "1::2::3", "::g", "1:2"];
  for (const text of [...wrong, "1:2:3:4:5:6:7:8:9", "12345::", "1:2:3:4:5:6:7::8"]) {
    test(`${JSON.stringify(text)} is none`, () => expect(parseAddress(text)).toBeUndefined());
  }

  test("has a name to be looked up backwards by", () => {
    const names = ["10.1.2.3", "fd00::1"].map((text) => {
      const address = parseAddress(text);
      return address === undefined ? "" : reverseName(address);
    });
    expect(names[0]).toBe("3.2.1.10.in-addr.arpa");
    expect(names[1]).toBe(`1.${"0.".repeat(29)}d.f.ip6.arpa`);
  });

  test("always has the same MAC address", () => {
    expect(makeMac("10.210.0.2")).toBe("02:42:0a:d2:00:02");
  });
});

describe("a subnet", () => {
  test("is known by any address in it", () => {
    expect(formatSubnet(subnet("10.1.2.3/16"))).toBe("10.1.0.0/16");
    expect(formatSubnet(subnet("fd00:1:2:3::5/64"))).toBe("fd00:1:2:3::/64");
    for (const text of ["10.0.0.0", "10.0.0.0/33", "::/129", "x/8", "10.0.0.0/"]) {
      expect(parseSubnet(text)).toBeUndefined();
    }
  });

  test("contains its own addresses and overlaps what shares one", () => {
    const address = parseAddress("10.1.255.255");
    expect(address !== undefined && contains(subnet("10.1.0.0/16"), address)).toBe(true);
    expect(overlaps(subnet("10.1.0.0/16"), subnet("10.1.200.0/24"))).toBe(true);
    expect(overlaps(subnet("10.1.0.0/16"), subnet("10.2.0.0/16"))).toBe(false);
    expect(overlaps(subnet("::/0"), subnet("0.0.0.0/0"))).toBe(false);
  });
});

describe("a new network's subnet", () => {
  test("is the first that nothing has a route to", () => {
    const choose = (...taken: string[]): string => {
      const found = chooseSubnet(4, taken.map(subnet));
      return found === undefined ? "none" : formatSubnet(found);
    };
    expect(choose()).toBe("10.210.0.0/24");
    expect(choose("10.210.0.0/24", "10.210.1.128/25")).toBe("10.210.2.0/24");
    expect(choose("10.0.0.0/8")).toBe("172.20.0.0/24");
    expect(choose("10.0.0.0/8", "172.16.0.0/12")).toBe("none");
  });

  test("looks at every route of the host but the default ones", () => {
    const json = `[{"dst":"default"},{"dst":"10.0.0.0/8"},{"dst":"10.9.9.9","type":"local"}]\n`;
    expect(listRoutes(`${json}[{"dst":"fe80::/64"},{"dst":"::1"}]\n`).map(formatSubnet)).toEqual([
      "10.0.0.0/8",
      "10.9.9.9/32",
      "fe80::/64",
      "::1/128",
    ]);
    expect(listRoutes("")).toEqual([]);
  });
});
