// The lines that containerd's shim, conmon and scripts read.
import { describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { formatLine, Log } from "../../../src/cli/oci/log.ts";
import { TemporaryFolder } from "../../ffi/folder.ts";

const now = new Date("2026-11-22T04:11:22.941Z");

describe("a line of the log", () => {
  test.each([
    ["text", "container does not exist", 'msg="container does not exist"'],
    ["text", 'exec: "/x": stat /x\n', String.raw`msg="exec: \"/x\": stat /x\n"`],
    ["text", "a/b-c_d.e@f^g+h", "msg=a/b-c_d.e@f^g+h"],
    ["text", "", 'msg=""'],
  ] as const)("as %s: %j", (format, message, expected) => {
    const line = formatLine(format, "error", message, now);
    expect(line).toBe(`time="2026-11-22T04:11:22Z" level=error ${expected}\n`);
  });

  test("as JSON has the three fields, in runc's order", () => {
    expect(formatLine("json", "warning", 'a "b"\n', now)).toBe(
      String.raw`{"level":"warning","msg":"a \"b\"\n","time":"2026-11-22T04:11:22Z"}` + "\n",
    );
  });
});

describe("a log file", () => {
  test("is there at once, and keeps what it had", () => {
    using folder = new TemporaryFolder();
    const file = `${folder.path}/log`;
    writeFileSync(file, "before\n");
    const log = new Log({ file, format: "json", debug: false });
    expect(readFileSync(file, "utf8")).toBe("before\n");
    log.write("error", "no");
    expect(readFileSync(file, "utf8")).toMatch(/^before\n\{"level":"error","msg":"no","time":/);
  });

  test("has debug lines only where they are asked for", () => {
    using folder = new TemporaryFolder();
    const file = `${folder.path}/log`;
    new Log({ file, format: "text", debug: false }).write("debug", "one");
    new Log({ file, format: "text", debug: true }).write("debug", "two");
    expect(readFileSync(file, "utf8")).toMatch(/^time="[^"]+" level=debug msg=two\n$/);
  });
});
