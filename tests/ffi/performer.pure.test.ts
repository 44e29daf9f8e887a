// What both performers promise: results, fallbacks, skips, and an end to every wait. Nothing here
// needs a privilege.

import { runtime } from "#runtime";
import { afterAll, afterEach, beforeAll, describe, expect, spyOn, test } from "bun:test";
import { AGENT_PAGE, INIT_PAGE, type Performer } from "../../ffi/agent/performer.ts";
import { startPerformer } from "../../ffi/agent/start-performer.ts";
import { type Call, Slot, type Step } from "../../ffi/call.ts";
import { chdir, clone, exitGroup, getppid, mkdirat, openat, umask } from "../../ffi/calls.ts";
import { AT_FDCWD, CLONE, O } from "../../ffi/constants.ts";
import { EEXIST, ENOENT } from "../../ffi/errno.ts";
import { prepareErrno } from "../../ffi/library.ts";
import { kill } from "../../ffi/signal.ts";
import { type TraceEvent, TraceSink } from "../../ffi/trace.ts";
import { destroy } from "../../src/container/launch.ts";
import { TemporaryFolder } from "./folder.ts";

const SIGCHLD = 17;
const SIGKILL = 9;

const started: Performer[] = [];
afterEach(() => started.splice(0).forEach(destroy));

prepareErrno();

// Here "this program again" would be the test: the process performer is bunker's own.
const selfCommand = spyOn(runtime, "selfCommand");
const entry = new URL("../../mod.ts", import.meta.url).pathname;
beforeAll(() => void selfCommand.mockReturnValue([process.execPath, entry]));
afterAll(() => selfCommand.mockRestore());

const step = (...calls: Call[]): Step => ({ why: "a test", calls });

describe.each(["agent", "process"] as const)("the performer %s", (kind) => {
  function start(steps: readonly Step[] = [], trace?: TraceSink): Performer {
    const options = { kind, firstSteps: steps, ...(trace === undefined ? {} : { trace }) };
    const performer = startPerformer(options);
    started.push(performer);
    performer.finish(AGENT_PAGE);
    return performer;
  }

  test("performs its first steps, and its parent is this process", () => {
    const parent = new Slot("parent");
    expect(start([step(getppid(parent))]).value(parent)).toBe(process.pid);
  });

  test("passes the result of one call on to the next", () => {
    const fd = new Slot("fd");
    const performer = start();
    const open = openat(AT_FDCWD, "/proc", O.O_PATH, { into: fd });
    performer.perform(AGENT_PAGE, [step(open, { name: "fchdir", args: [fd] })]);
    expect(performer.value(fd)).toBeGreaterThan(2);
  });

  test("tells which call failed, with errno, path and flags", () => {
    const performer = start();
    const open = openat(AT_FDCWD, "/nowhere/at-all", O.O_PATH);
    expect(() => performer.perform(AGENT_PAGE, [step(umask(0), open)])).toThrow(
      "openat /nowhere/at-all: ENOENT (no such file or directory) [O_CLOEXEC|O_PATH]",
    );
  });

  test("goes on after a failure: the next batch is performed", () => {
    const parent = new Slot("parent");
    const performer = start();
    expect(() => performer.perform(AGENT_PAGE, [step(chdir("/nowhere"))])).toThrow("ENOENT");
    performer.perform(AGENT_PAGE, [step(getppid(parent))]);
    expect(performer.value(parent)).toBe(process.pid);
  });

  test("goes on after an errno that is tolerated, and skips what it is told to", () => {
    const [skipped, reached] = [new Slot("skipped"), new Slot("reached")];
    const failing: Call = { ...chdir("/nowhere"), tolerate: [ENOENT], skipAfterError: 1 };
    const performer = start();
    performer.perform(AGENT_PAGE, [step(failing, getppid(skipped), getppid(reached))]);
    expect([performer.value(skipped), performer.value(reached)]).toEqual([0, process.pid]);
  });

  test("skips after success what it is told to", () => {
    const [skipped, reached] = [new Slot("skipped"), new Slot("reached")];
    const performer = start();
    const working: Call = { ...chdir("/"), skipAfterSuccess: 1 };
    performer.perform(AGENT_PAGE, [step(working, getppid(skipped), getppid(reached))]);
    expect([performer.value(skipped), performer.value(reached)]).toEqual([0, process.pid]);
  });

  test("does not tolerate another errno", () => {
    const performer = start();
    const failing: Call = { ...chdir("/nowhere"), tolerate: [EEXIST] };
    expect(() => performer.perform(AGENT_PAGE, [step(failing)])).toThrow("ENOENT");
  });

  test("performs the fallback and the step again", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/new`;
    const performer = start();
    const make = { on: [ENOENT], why: "make it", calls: [mkdirat(AT_FDCWD, path, 0o700)] };
    performer.perform(AGENT_PAGE, [{ why: "enter", calls: [chdir(path)], fallback: make }]);
    expect(performer.isDone(AGENT_PAGE)).toBe(true);
  });

  test("a fallback that does not help ends with the first error", () => {
    const performer = start();
    const useless = { on: [ENOENT], why: "no help", calls: [umask(0o22)] };
    const enter: Step = { why: "enter", calls: [chdir("/nowhere")], fallback: useless };
    expect(() => performer.perform(AGENT_PAGE, [enter])).toThrow("chdir /nowhere: ENOENT");
  });

  test("says that it was killed, instead of waiting for ever", () => {
    const performer = start();
    kill(performer.pid(AGENT_PAGE), SIGKILL);
    expect(() => performer.perform(AGENT_PAGE, [step(umask(0))])).toThrow(
      `the process that sets up the container (pid ${performer.pid(AGENT_PAGE)}) was killed`,
    );
  });

  test("tells with --trace of each call, its result and its time, fallbacks included", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/new`;
    const events: TraceEvent[] = [];
    const performer = start([], new TraceSink((event) => events.push(event)));
    const make = { on: [ENOENT], why: "make it", calls: [mkdirat(AT_FDCWD, path, 0o700)] };
    const enter: Step = { why: "enter", calls: [umask(0o22), chdir(path)], fallback: make };
    const before = performance.now();
    performer.perform(AGENT_PAGE, [enter]);
    const tookUs = (performance.now() - before) * 1000;
    const told = events.map(({ why, call, result }) => `${why}: ${call.split("(")[0]} ${result}`);
    expect(told).toEqual([
      expect.stringContaining("enter: umask "),
      "enter: chdir -1 ENOENT",
      "make it: mkdirat 0",
      expect.stringContaining("enter: umask "),
      "enter: chdir 0",
    ]);
    expect(events.at(-1)?.us).toBeLessThanOrEqual(tookUs);
  });

  test("a call is not charged for the wait before its batch", async () => {
    const events: TraceEvent[] = [];
    const performer = start([], new TraceSink((event) => events.push(event)));
    performer.perform(AGENT_PAGE, [step(umask(0))]);
    await Bun.sleep(200);
    const before = performance.now();
    performer.perform(AGENT_PAGE, [step(umask(0))]);
    const tookUs = (performance.now() - before) * 1000;
    expect(events.at(-1)?.us).toBeLessThanOrEqual(tookUs);
  });

  test("makes a child that serves its own page", () => {
    const [child, parent] = [new Slot("child"), new Slot("parent")];
    const performer = start();
    performer.perform(AGENT_PAGE, [step(clone(SIGCHLD, INIT_PAGE, child))]);
    performer.setPid(INIT_PAGE, performer.value(child));
    performer.perform(INIT_PAGE, [step(getppid(parent))]);
    expect(performer.value(parent)).toBe(performer.pid(AGENT_PAGE));
    performer.post(INIT_PAGE, [step(exitGroup(0))]);
  });
});

describe("the performer process", () => {
  test("says why it cannot make a user namespace", () => {
    const newUser: Call = { name: "unshare", args: [CLONE.CLONE_NEWUSER] };
    const performer = startPerformer({ kind: "process", firstSteps: [step(newUser)] });
    started.push(performer);
    expect(() => performer.finish(AGENT_PAGE)).toThrow(
      "unshare: EINVAL (invalid argument) [CLONE_NEWUSER]",
    );
  });
});
