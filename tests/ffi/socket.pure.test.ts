// socket.h and poll.h

import { describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { O } from "../../ffi/constants.ts";
import { F, fcntl, open } from "../../ffi/fcntl.ts";
import { POLL, poll } from "../../ffi/poll.ts";
import * as socketH from "../../ffi/socket.ts";
import { pipe2, read, write } from "../../ffi/unistd.ts";
import { inChild, refusal } from "./child.ts";
import { TemporaryFolder } from "./folder.ts";

const { SOCK } = socketH;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

/** A socket pair that closes with its scope. */
class Pair implements Disposable {
  readonly ends = socketH.socketpair(SOCK.SOCK_SEQPACKET);
  readonly one = this.ends[0].number;
  readonly other = this.ends[1].number;
  [Symbol.dispose](): void {
    for (const end of this.ends) end[Symbol.dispose]();
  }
}

describe("sendmsg and recvmsg", () => {
  test("carry bytes without descriptors", () => {
    using pair = new Pair();
    expect(socketH.sendmsg(pair.one, bytesOf("hello"), [])).toBe(5);
    const { data, fds } = socketH.recvmsg(pair.other, 100, 4);
    expect([textOf(data), fds.length]).toEqual(["hello", 0]);
  });

  test("carry descriptors of open files, which exec closes", () => {
    using folder = new TemporaryFolder();
    writeFileSync(`${folder.path}/file`, "content");
    using file = open(`${folder.path}/file`, O.O_RDONLY);
    using zero = open("/dev/zero", O.O_RDONLY);
    using pair = new Pair();
    socketH.sendmsg(pair.one, bytesOf("/dev/pts/0"), [file.number, zero.number]);
    const { data, fds } = socketH.recvmsg(pair.other, 100, 2);
    expect([textOf(data), fds.length]).toEqual(["/dev/pts/0", 2]);
    const [received] = fds;
    const buffer = new Uint8Array(100);
    expect(textOf(buffer.subarray(0, read(received?.number ?? -1, buffer)))).toBe("content");
    expect(fcntl(received?.number ?? -1, F.F_GETFD)).toBe(1);
    for (const fd of fds) fd[Symbol.dispose]();
  });

  test("refuse more descriptors than were expected with EMSGSIZE, and leave none open", () => {
    using file = open("/dev/null", O.O_RDONLY);
    using pair = new Pair();
    const before = readdirSync("/proc/self/fd");
    for (const count of [2, 5]) {
      const sent = Array.from({ length: count }, () => file.number);
      socketH.sendmsg(pair.one, bytesOf("x"), sent);
      const attempt = () => socketH.recvmsg(pair.other, 10, 1);
      expect(attempt).toThrow("recvmsg: EMSGSIZE (message too long) [more than 1 descriptors]");
    }
    expect(readdirSync("/proc/self/fd")).toEqual(before);
  });

  test("refuse a file that is no socket with ENOTSOCK, a closed descriptor with EBADF", () => {
    using file = open("/dev/null", O.O_RDWR);
    using pair = new Pair();
    expect(refusal(() => socketH.recvmsg(file.number, 1, 0))).toBe("recvmsg ENOTSOCK");
    expect(refusal(() => socketH.sendmsg(file.number, bytesOf("x"), []))).toBe("sendmsg ENOTSOCK");
    expect(refusal(() => socketH.sendmsg(pair.one, bytesOf("x"), [99999]))).toBe("sendmsg EBADF");
  });

  test("end with EPIPE, and no signal, once the other end is closed", () => {
    using pair = new Pair();
    pair.ends[1][Symbol.dispose]();
    expect(refusal(() => socketH.sendmsg(pair.one, bytesOf("x"), []))).toBe("sendmsg EPIPE");
    expect(socketH.recvmsg(pair.one, 10, 0).data).toHaveLength(0);
  });
});

describe("sockets with a path", () => {
  test("connect who binds and listens with who connects", () => {
    using folder = new TemporaryFolder();
    const path = `${folder.path}/socket`;
    using server = socketH.socket(SOCK.SOCK_STREAM);
    socketH.bind(server.number, path);
    socketH.listen(server.number, 1);
    using client = socketH.socket(SOCK.SOCK_STREAM);
    socketH.connect(client.number, path);
    using connection = socketH.accept4(server.number);
    write(client.number, bytesOf("hi"));
    expect(textOf(socketH.recvmsg(connection.number, 10, 0).data)).toBe("hi");
    expect(refusal(() => socketH.bind(client.number, path))).toBe("bind EADDRINUSE");
  });

  test("refuse what can't be, by name", () => {
    using folder = new TemporaryFolder();
    using stream = socketH.socket(SOCK.SOCK_STREAM);
    const { number } = stream;
    expect(refusal(() => socketH.connect(number, `${folder.path}/none`))).toBe("connect ENOENT");
    const long = `/${"x".repeat(107)}`;
    expect(refusal(() => socketH.connect(number, long))).toBe("connect ENAMETOOLONG");
    expect(refusal(() => socketH.accept4(number))).toBe("accept4 EINVAL");
    using file = open("/dev/null", O.O_RDONLY);
    expect(refusal(() => socketH.listen(file.number, 1))).toBe("listen ENOTSOCK");
    expect(refusal(() => socketH.socket(9))).toBe("socket ESOCKTNOSUPPORT");
    expect(refusal(() => socketH.socketpair(9))).toBe("socketpair ESOCKTNOSUPPORT");
  });
});

describe("poll", () => {
  test("tells which of several is ready, and how", () => {
    const pipe = pipe2(O.O_CLOEXEC);
    using input = pipe.read;
    using output = pipe.write;
    const requests = [
      { fd: input.number, events: POLL.POLLIN },
      { fd: output.number, events: POLL.POLLOUT },
      { fd: 99999, events: POLL.POLLIN },
    ];
    expect(poll(requests, -1)).toEqual([0, POLL.POLLOUT, POLL.POLLNVAL]);
    write(output.number, bytesOf("x"));
    output[Symbol.dispose]();
    expect(poll(requests.slice(0, 1), -1)).toEqual([POLL.POLLIN | POLL.POLLHUP]);
  });

  test("gives up after its time", () => {
    const pipe = pipe2(O.O_CLOEXEC);
    using input = pipe.read;
    using _output = pipe.write;
    const begin = performance.now();
    expect(poll([{ fd: input.number, events: POLL.POLLIN }], 20)).toEqual([0]);
    expect(performance.now() - begin).toBeGreaterThan(19);
  });

  test("refuses more requests than files may be open with EINVAL", () => {
    expect(inChild("processes", "poll-many")).toBe("poll EINVAL");
  });
});
