// termios.h and ioctl.h

import { describe, expect, test } from "bun:test";
import { O, TIOCGWINSZ } from "../../ffi/constants.ts";
import { open } from "../../ffi/fcntl.ts";
import { ioctl } from "../../ffi/ioctl.ts";
import { bytesAddress } from "../../ffi/library.ts";
import * as termios from "../../ffi/termios.ts";
import { read, write } from "../../ffi/unistd.ts";
import { inChild, refusal } from "./child.ts";

const { ICANON, ECHO, ISIG, TCSANOW } = termios;

describe("pseudo-terminals", () => {
  test("carry what is typed at the master to the slave", () => {
    const terminal = termios.openPseudoTerminal();
    using master = terminal.master;
    using slave = terminal.slave;
    write(master.number, new TextEncoder().encode("typed\n"));
    const buffer = new Uint8Array(100);
    const length = read(slave.number, buffer);
    expect(new TextDecoder().decode(buffer.subarray(0, length))).toBe("typed\n");
  });

  test("in raw mode have no lines, echo or signals, and get their old modes back", () => {
    const terminal = termios.openPseudoTerminal();
    using _master = terminal.master;
    using slave = terminal.slave;
    const bits = () => termios.localModes(termios.tcgetattr(slave.number)) & (ICANON | ECHO | ISIG);
    const before = termios.tcgetattr(slave.number);
    termios.tcsetattr(slave.number, TCSANOW, termios.makeRaw(before));
    expect(bits()).toBe(0);
    termios.tcsetattr(slave.number, TCSANOW, before);
    expect(bits()).toBe(ICANON | ECHO | ISIG);
    expect(termios.tcgetattr(slave.number)).toEqual(before);
  });

  test("have the size that was set, seen from both ends", () => {
    const terminal = termios.openPseudoTerminal();
    using master = terminal.master;
    using slave = terminal.slave;
    expect(termios.getWindowSize(slave.number)).toEqual({ rows: 0, columns: 0 });
    termios.setWindowSize(master.number, { rows: 24, columns: 300 });
    expect(termios.getWindowSize(slave.number)).toEqual({ rows: 24, columns: 300 });
  });

  test("become the controlling terminal of a session that had none (ENXIO before)", () => {
    expect(inChild("processes", "terminal")).toEqual(["open ENXIO", true]);
  });
});

describe("a file that is no terminal", () => {
  test("is refused with ENOTTY, and the request is named", () => {
    using file = open("/dev/null", O.O_RDWR);
    const size = { rows: 1, columns: 1 };
    expect(refusal(() => termios.tcgetattr(file.number))).toBe("tcgetattr ENOTTY");
    const modes = new Uint8Array(60);
    expect(refusal(() => termios.tcsetattr(file.number, TCSANOW, modes))).toBe("tcsetattr ENOTTY");
    expect(refusal(() => termios.getWindowSize(file.number))).toBe("ioctl ENOTTY");
    expect(() => termios.setWindowSize(file.number, size)).toThrow(
      "ioctl: ENOTTY (inappropriate ioctl for device) [TIOCSWINSZ, 1x1]",
    );
    expect(refusal(() => termios.setControllingTerminal(file.number))).toBe("ioctl ENOTTY");
    expect(refusal(() => termios.openPseudoTerminal("/dev/null"))).toBe("ioctl ENOTTY");
  });
});

describe("ioctl", () => {
  test("fills what the argument points to, and names an unknown request by its number", () => {
    const terminal = termios.openPseudoTerminal();
    using master = terminal.master;
    using _slave = terminal.slave;
    const size = new Uint8Array(8).fill(0xff);
    expect(ioctl(master.number, TIOCGWINSZ, bytesAddress(size))).toBe(0);
    expect([...size]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    const attempt = () => ioctl(master.number, 0x1234, 0);
    expect(refusal(attempt)).toBe("ioctl ENOTTY");
    expect(attempt).toThrow(`[fd ${master.number}, request 0x1234]`);
  });
});
