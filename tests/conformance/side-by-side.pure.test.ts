// The table of command lines, the list of what differs, and what is not compared.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { parseDifferences } from "./side-by-side/differences.ts";
import { normalise } from "./side-by-side/normalise.ts";
import { table } from "./side-by-side/table.ts";

const LIST = new URL("side-by-side/differences.txt", import.meta.url).pathname;

describe("the table", () => {
  test("has 150 command lines or more", () => {
    expect(Object.values(table).flat().length).toBeGreaterThan(150);
  });

  test("calls no image what an id may begin with, as docker takes that for the id", () => {
    const called =
      /\bdocker (?:rmi|tag|history|save|image (?:inspect|rm|tag|history|save))(?: -\S+)* [0-9a-f]+(?![\w:/.])/;
    expect(called.test("docker rmi -f bb localhost/bb:1")).toBe(true);
    expect(
      Object.values(table)
        .flat()
        .filter((line) => called.test(line)),
    ).toEqual([]);
  });

  test("has each line that is listed as differing, and once", () => {
    for (const { group, line } of parseDifferences(readFileSync(LIST, "utf8"))) {
      const count = table[group]?.filter((one) => one === line).length;
      expect({ group, line, count }).toEqual({ group, line, count: 1 });
    }
  });
});

describe("the list of differences", () => {
  test("gives lines that stand together one reason", () => {
    const text =
      "# A comment.\n[a exit] docker x\n[a stdout,stderr] docker y | z\n    because\n    of it\n";
    expect(parseDifferences(text)).toEqual([
      { group: "a", line: "docker x", streams: ["exit"], reason: "because of it" },
      { group: "a", line: "docker y | z", streams: ["stdout", "stderr"], reason: "because of it" },
    ]);
  });

  test("refuses a difference without a reason, or without a stream", () => {
    expect(() => parseDifferences("[a exit] docker x\n\n    because\n")).toThrow("no reason: ");
    expect(() => parseDifferences("[a] docker x\n    because\n")).toThrow('not "[GROUP STREAM');
  });
});

describe("what is not compared", () => {
  const ID = "0123456789abcdef".repeat(4);
  const plain = (stdout: string, stderr = "") =>
    normalise({ exitCode: 0, stdout, stderr }, "/sides/docker");

  const RAW: Readonly<Record<string, string>> = {
    [`${ID}\n`]: "<id>\n",
    [`${ID.slice(0, 12)}   web`]: "<short id>  web",
    "012345678901  web": "<short id>  web",
    "2026-11-26T11:28:18.5Z 2026-11-26 11:28:18 +0000 UTC": "<time> <time>",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
    "Up 2 seconds, About a minute ago": "Up <age>, <age> ago",
    "Exited (3) Less than a second ago": "Exited (3) <age> ago",
    "/sides/docker/home/file": "<folder>/home/file",
    "1234567890123456": "1234567890123456",
  };
  for (const [raw, shown] of Object.entries(RAW)) {
    test(`${JSON.stringify(raw)} is ${JSON.stringify(shown)}`, () => {
      expect(plain(raw).stdout).toBe(shown);
    });
  }

  const MESSAGES: Readonly<Record<string, string>> = {
    "Error response from daemon: No such container: x\n": "no such container: x\n",
    "bunker: No such container: x\n  hint: try another\n": "no such container: x\n",
    "docker: 'docker rm' requires at least 1 argument\n\nUsage:  docker rm [OPTIONS] X\n\nRemove\n\nSee 'docker rm --help' for more\n":
      "'docker rm' requires at least 1 argument\n",
    'docker: Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/x": stat /x: no such file or directory: unknown.\n':
      'cannot run "/x": no such file or directory\n',
  };
  for (const [raw, shown] of Object.entries(MESSAGES)) {
    test(`a message is ${JSON.stringify(shown)}, whoever says it`, () => {
      expect(plain("", raw).stderr).toBe(shown);
    });
  }
});
