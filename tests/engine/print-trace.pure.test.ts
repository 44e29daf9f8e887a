// What `--trace` prints: lines under their reasons, and where the time went.

import { expect, test } from "bun:test";
import { TracePrinter } from "../../src/engine/print-trace.ts";

function printed(perform: (printer: TracePrinter) => void): string[] {
  let text = "";
  perform(new TracePrinter((part) => (text += part)));
  return text.split("\n").map((line) => line.replace(/ {2,}/g, " ").trimEnd());
}

const EVENT = { page: 1, why: "mount proc", call: "fsopen()", result: "3", us: 2 };

test("a reason is printed once for the calls that share it, with who makes them", () => {
  const lines = printed((printer) => {
    printer.event({ ...EVENT, page: 0, why: "clone" });
    printer.event(EVENT);
    printer.event({ ...EVENT, result: "-1 ENOENT", us: undefined });
  });
  expect(lines).toEqual([
    "agent: clone",
    " 2.0 µs fsopen() = 3",
    "init: mount proc",
    " 2.0 µs fsopen() = 3",
    " fsopen() = -1 ENOENT",
    "",
  ]);
});

test("times and results stand below each other", () => {
  let text = "";
  const printer = new TracePrinter((part) => (text += part));
  printer.event({ ...EVENT, us: 1234.56 });
  printer.event(EVENT);
  const [, long = "", short = ""] = text.split("\n");
  expect([long.indexOf("µs"), long.indexOf("=")]).toEqual([
    short.indexOf("µs"),
    short.indexOf("="),
  ]);
});

test("the summary has the time by step and the five slowest calls", () => {
  const lines = printed((printer) => {
    for (let i = 1; i <= 6; i++) {
      printer.event({ ...EVENT, why: i > 3 ? "late" : "early", call: `call${i}()`, us: i * 10 });
    }
    printer.summarize();
  });
  expect(lines.slice(lines.indexOf("6 system calls in 0.21 ms, by step:"))).toEqual([
    "6 system calls in 0.21 ms, by step:",
    " 150.0 µs 71 % █████████████████ init: late",
    " 60.0 µs 29 % ███████ init: early",
    "",
    "the slowest calls:",
    " 60.0 µs call6()",
    " 50.0 µs call5()",
    " 40.0 µs call4()",
    " 30.0 µs call3()",
    " 20.0 µs call2()",
    "",
  ]);
});

test("waiting for the container's end is no time of its set-up", () => {
  const lines = printed((printer) => {
    printer.event(EVENT);
    printer.event({ ...EVENT, page: 0, why: "wait", call: "waitid(P_PID)", us: 1e6 });
    printer.summarize();
  });
  expect(lines).toContain("1 system calls in 0.00 ms, by step:");
});

test("nothing traced, nothing summed up", () => {
  expect(printed((printer) => printer.summarize())).toEqual([""]);
});
