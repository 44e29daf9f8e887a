// Whether a port of this host is taken.

import { expect, test } from "bun:test";
import { isPortTaken } from "../../ffi/inet.ts";

const listen = (hostname: string) =>
  Bun.listen({
    hostname,
    port: 0,
    socket: { data: () => {}, open: (socket) => void socket.end() },
  });

test("a port is taken while somebody listens to it, on that address and on every one", () => {
  const server = listen("127.0.0.1");
  const { port } = server;
  expect(isPortTaken("tcp", "127.0.0.1", port)).toBe(true);
  expect(isPortTaken("tcp", "0.0.0.0", port)).toBe(true);
  expect(isPortTaken("tcp", "127.0.0.2", port)).toBe(false);
  expect(isPortTaken("tcp", "::", port)).toBe(false);
  expect(isPortTaken("udp", "0.0.0.0", port)).toBe(false);
  server.stop(true);
  expect(isPortTaken("tcp", "0.0.0.0", port)).toBe(false);
});

test("a port of IPv6 or of UDP is taken just so", async () => {
  const six = listen("::1");
  expect(isPortTaken("tcp", "::1", six.port)).toBe(true);
  expect(isPortTaken("tcp", "::", six.port)).toBe(true);
  expect(isPortTaken("tcp", "0.0.0.0", six.port)).toBe(false);
  six.stop(true);
  const udp = await Bun.udpSocket({ hostname: "127.0.0.1" });
  expect(isPortTaken("udp", "0.0.0.0", udp.port)).toBe(true);
  expect(isPortTaken("tcp", "0.0.0.0", udp.port)).toBe(false);
  udp.close();
});

test("a connection that waits for its last packets does not keep a port", async () => {
  const server = listen("127.0.0.1");
  const { port } = server;
  await new Promise<void>((closed) => {
    const socket = { data: () => {}, close: () => closed() };
    void Bun.connect({ hostname: "127.0.0.1", port, socket });
  });
  server.stop(true);
  expect(isPortTaken("tcp", "0.0.0.0", port)).toBe(false);
});
