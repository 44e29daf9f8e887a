import { describe, expect, test } from "bun:test";
import { CLONE, O, P_PID, W } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import { bytesAddress, cString, library } from "../../ffi/library.ts";
import {
  clone,
  sched_getaffinity,
  sched_getcpu,
  sched_setaffinity,
  setns,
} from "../../ffi/sched.ts";
import { waitid } from "../../ffi/wait.ts";
import { inChild, refusal } from "./child.ts";

const SIGCHLD = 17;
const dlfcnH = library({ dlsym: ["pointer", "pointer", "pointer"] });

const stack = new Uint8Array(65536);
/** The aligned high end of memory that the child may use: its own copy of it. */
const topOfStack = () => Math.floor((bytesAddress(stack) + stack.length) / 16) * 16;

/** A C function that may be called in a child of a process with threads. */
const addressOfFunction = (name: string) => dlfcnH().dlsym(0, cString(name));

describe("clone", () => {
  test("gives a child that ends with what the native function was told", () => {
    const entry = addressOfFunction("_exit");
    const pid = clone(entry, topOfStack(), SIGCHLD, 7);
    expect(waitid(P_PID, pid, W.WEXITED)).toMatchObject({ pid, event: "exited", value: 7 });
  });

  test("refuses CLONE_NEWNS together with CLONE_FS with EINVAL", () => {
    const flags = SIGCHLD | CLONE.CLONE_NEWNS | CLONE.CLONE_FS;
    const attempt = () => clone(addressOfFunction("_exit"), topOfStack(), flags, 0);
    expect(refusal(attempt)).toBe("clone EINVAL");
    expect(attempt).toThrow("clone: EINVAL (invalid argument) [CLONE_FS|CLONE_NEWNS]");
  });

  test("refuses to make a thread, for the engine would take it for its own", () => {
    expect(refusal(() => clone(0, 0, CLONE.CLONE_SIGHAND, 0))).toBe("clone EINVAL");
  });
});

describe("setns", () => {
  test("refuses a regular file with EINVAL and names it", () => {
    using file = open("/etc/passwd", O.O_RDONLY);
    const attempt = () => setns(file.number, CLONE.CLONE_NEWNET, "/etc/passwd");
    expect(refusal(attempt)).toBe("setns EINVAL");
    expect(attempt).toThrow("setns /etc/passwd: EINVAL (invalid argument) [CLONE_NEWNET]");
  });
});

describe("unshare", () => {
  test("refuses a user namespace to a process with threads with EINVAL", () => {
    expect(inChild("namespaces", "unshare-user")).toBe("unshare EINVAL");
  });
});

describe("CPU affinity", () => {
  test("tells the CPUs of this process, the one it runs on among them", () => {
    expect(sched_getaffinity(0)).toContain(sched_getcpu());
  });

  test("sets them, and the change is seen", () => {
    expect(inChild("namespaces", "affinity")).toBe("as set");
  });

  test("refuses an empty set with EINVAL and a missing process with ESRCH", () => {
    expect(refusal(() => sched_setaffinity(0, []))).toBe("sched_setaffinity EINVAL");
    expect(refusal(() => sched_getaffinity(2 ** 22 + 1))).toBe("sched_getaffinity ESRCH");
  });
});
