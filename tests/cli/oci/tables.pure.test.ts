// What `ps` and `list` print.
import { describe, expect, test } from "bun:test";
import { formatTable } from "../../../src/cli/oci/verbs/list.ts";
import { keepLines } from "../../../src/cli/format/ps-table.ts";

describe("ps", () => {
  const table = `UID          PID    PPID  C STIME TTY          TIME CMD
root           1       0  0 10:42 ?        00:00:05 /init 7
root         107       1  0 10:43 ?        00:00:00 sleep 7
root           7       1  0 10:43 ?        00:00:00 a 107
`;

  test("keeps the head and the lines of its processes, wherever the column is", () => {
    expect(
      keepLines(table, [7, 1])
        .split("\n")
        .map((line) => line.slice(-7)),
    ).toEqual(["IME CMD", "/init 7", "0 a 107", ""]);
    expect(keepLines("  PID TTY\n  107 ?\n    7 ?\n", [107])).toBe("  PID TTY\n  107 ?\n");
  });

  test("shows the head alone where nothing runs", () => {
    expect(keepLines(table, [])).toBe(`${table.split("\n")[0]}\n`);
  });

  test.each([
    ["USER TTY\nroot ?\n", "couldn't find PID field in ps output"],
    ["PID\nx\n", 'unable to parse pid: got "x"'],
    ["", "couldn't find PID field in ps output"],
  ])("refuses %j", (text, message) => {
    expect(() => keepLines(text, [1])).toThrow(message);
  });
});

describe("list", () => {
  test("has columns of at least 12, three apart, the last as it is", () => {
    const rows = [
      ["ID", "PID", "OWNER"],
      ["a-longer-name", "7", "root"],
    ];
    expect(formatTable(rows)).toBe(
      "ID              PID         OWNER\na-longer-name   7           root\n",
    );
  });
});
