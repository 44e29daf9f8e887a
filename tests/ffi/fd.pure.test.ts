import { describe, expect, test } from "bun:test";
import { O } from "../../ffi/constants.ts";
import { F, fcntl, open } from "../../ffi/fcntl.ts";
import { close } from "../../ffi/unistd.ts";
import { refusal } from "./child.ts";

describe("Fd", () => {
  test("closes at the end of its scope, and only once", () => {
    const file = open("/dev/null", O.O_RDONLY);
    const { number } = file;
    file[Symbol.dispose]();
    file[Symbol.dispose]();
    expect(refusal(() => fcntl(number, F.F_GETFD))).toBe("fcntl EBADF");
    expect(() => file.number).toThrow("file descriptor used after it was closed");
  });

  test("that was released stays open and is the caller's", () => {
    const file = open("/dev/null", O.O_RDONLY);
    const number = file.release();
    file[Symbol.dispose]();
    expect(fcntl(number, F.F_GETFD)).toBe(1);
    expect(() => file.release()).toThrow("file descriptor used after it was closed");
    close(number);
  });
});
