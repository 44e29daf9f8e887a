// Signals that are passed on to a process that was not there yet when everything else was made ready.
import { expect, test } from "bun:test";
import { inChild } from "./child.ts";

test("a forwarder passes signals on to the process that it is told of later", () => {
  expect(inChild("signals", "forward-later")).toEqual({ event: "killed", value: 15 });
});
