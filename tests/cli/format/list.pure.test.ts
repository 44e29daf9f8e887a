// Lists, sizes and ages as docker 28 printed them (taken from its CLI beside a dockerd).
import { describe, expect, test } from "bun:test";
import { addFilter, readSwitch, requireKeys } from "../../../src/cli/format/filter.ts";
import { formatList, type ListShape } from "../../../src/cli/format/list.ts";
import { alignColumns } from "../../../src/cli/format/tab-writer.ts";
import { formatBytes, formatDuration, formatRfc3339 } from "../../../src/cli/format/units.ts";

const shape: ListShape = {
  headers: { ID: "IMAGE ID", Tag: "TAG", Digest: "DIGEST" },
  table: "{{.ID}}\t{{.Tag}}",
  quiet: "{{.ID}}",
  raw: "id: {{.ID}}\n",
  typeName: "*formatter.imageContext",
};

const rows = [
  { Tag: "1", ID: "af96a9a1502b", Digest: "<none>" },
  { Tag: "v2", ID: "af9", Digest: "<none>" },
];

const FORMATS: readonly (readonly [format: string, quiet: boolean, text: string])[] = [
  ["", false, "IMAGE ID       TAG\naf96a9a1502b   1\naf9            v2\n"],
  ["table", false, "IMAGE ID       TAG\naf96a9a1502b   1\naf9            v2\n"],
  ["", true, "af96a9a1502b\naf9\n"],
  [
    "table {{.Tag}}\\t{{upper .ID}}",
    false,
    "TAG       IMAGE ID\n1         AF96A9A1502B\nv2        AF9\n",
  ],
  ['table {{.ID | printf "%.3s"}}\t{{len .Tag}}', false, "IMA       3\naf9       1\naf9       2\n"],
  ["{{.Tag}}\\n", false, "1\n\nv2\n\n"],
  ["{{json .Digest}}", false, '"<none>"\n"<none>"\n'],
  [
    "json",
    false,
    '{"Digest":"\\u003cnone\\u003e","ID":"af96a9a1502b","Tag":"1"}\n' +
      '{"Digest":"\\u003cnone\\u003e","ID":"af9","Tag":"v2"}\n',
  ],
  ["raw", false, "id: af96a9a1502b\n\nid: af9\n\n"],
];

describe("a list", () => {
  for (const [format, quiet, text] of FORMATS) {
    test(`is printed as docker does: ${JSON.stringify(format)}${quiet ? " -q" : ""}`, async () => {
      expect(await formatList(rows, shape, { format, quiet })).toBe(text);
    });
  }

  test("without rows is its headings", async () => {
    expect(await formatList([], shape, {})).toBe("IMAGE ID   TAG\n");
  });
});

test("a column ends where a line has no cell after it, and its last cell widens nothing", () => {
  expect(alignColumns("a\tb\nlong long long\nc\td\n")).toBe(
    "a         b\nlong long long\nc         d\n",
  );
});

const SIZES: readonly (readonly [bytes: number, digits: number, text: string])[] = [
  [0, 4, "0B"],
  [999, 3, "999B"],
  [1000, 3, "1kB"],
  [1_982_296, 3, "1.98MB"],
  [1_982_296, 4, "1.982MB"],
  [117_000_000, 3, "117MB"],
  [999_999, 3, "1e+03kB"],
  [1_230_000_000, 4, "1.23GB"],
];

for (const [bytes, digits, text] of SIZES) {
  test(`${bytes} bytes in ${digits} digits are ${text}`, () => {
    expect(formatBytes(bytes, digits)).toBe(text);
  });
}

const second = 1000;
const hour = 3600 * second;
const AGES: readonly (readonly [ms: number, text: string])[] = [
  [999, "Less than a second"],
  [1000, "1 second"],
  [59 * second, "59 seconds"],
  [60 * second, "About a minute"],
  [59 * 60 * second, "59 minutes"],
  [hour, "About an hour"],
  [1.6 * hour, "2 hours"],
  [48 * hour, "2 days"],
  [24 * 14 * hour, "2 weeks"],
  [24 * 60 * hour, "2 months"],
  [24 * 365 * 2 * hour, "2 years"],
];

for (const [ms, text] of AGES) {
  test(`${ms / second} s are ${text}`, () => {
    expect(formatDuration(ms)).toBe(text);
  });
}

test("a time has its zone", () => {
  expect(formatRfc3339(0)).toMatch(/^19(70|69)-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/);
});

describe("a filter", () => {
  test("is a key and a value, several of one key kept", () => {
    const filters = new Map<string, string[]>();
    for (const text of ["label=a=b", "LABEL=c", ""]) addFilter(filters, text);
    expect(filters).toEqual(new Map([["label", ["a=b", "c"]]]));
  });

  test("without a value, or with an unknown key, is refused", () => {
    expect(() => addFilter(new Map(), "foo")).toThrow("bad format of filter (expected name=value)");
    expect(() => requireKeys(new Map([["foo", ["x"]]]), ["label"])).toThrow("invalid filter 'foo'");
    expect(() => readSwitch(new Map([["dangling", ["x"]]]), "dangling")).toThrow(
      "invalid filter 'dangling=[x]'",
    );
  });
});
