// The terminal of the tests is a real one.
import { expect, test } from "bun:test";
import { Terminal } from "./terminal.ts";
import { needsCommand } from "./tier.ts";

needsCommand("tmux", "the terminal of the tests", () => {
  test("shows what a program prints, takes what is typed, tells the exit code", async () => {
    using terminal = new Terminal('read line; echo "got $line" $(stty size); exit 7', "/");
    terminal.type("a  line");
    expect(await terminal.waitFor(/ended/)).toEndWith("got a  line 24 80\n[ended with 7]");
  });

  test("passes keys and a new size on", async () => {
    using terminal = new Terminal("trap 'stty size' WINCH; while :; do sleep 0.1; done", "/");
    terminal.resize(100, 30);
    await terminal.waitFor(/30 100/);
    terminal.press("C-c");
    await terminal.waitFor(/ended with 130/);
  });

  test("says what is on the screen where the wanted text does not come", async () => {
    using terminal = new Terminal("echo something else", "/");
    await terminal.waitFor(/something else/);
    const late = terminal.waitFor(/wanted/, 100);
    expect(late).rejects.toThrow("no /wanted/ on the screen:\nsomething else\n[ended with 0]");
    await late.catch(() => {});
  });
});
