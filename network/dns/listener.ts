// One address on which the DNS answers, by UDP and TCP.

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server, type Socket as Stream } from "node:net";
import { joinBytes } from "../../ffi/bytes.ts";
import { frameLength, makeFrame } from "./frame.ts";

const IDLE_MS = 10_000;
/** Bursts wait here rather than be lost. */
const RECEIVE_BYTES = 4 * 1024 * 1024;
const STREAM_LIMIT_BYTES = 65_537;

/** @param answer to be called once, with what is sent back; never for what deserves no answer */
export type Handler = (
  query: Uint8Array,
  from: { readonly address: string; readonly isStream: boolean },
  answer: (response: Uint8Array) => void,
) => void;

/** Enough for who has reason to come by TCP. */
const MOST_STREAMS = 256;

/**
 * Security: everybody's names are answered by one process, so nothing that one container sends may end
 * it, not even by a mistake of ours.
 */
function guard(handle: Handler): Handler {
  return (query, from, answer) => {
    try {
      handle(query, from, answer);
    } catch {
      // It is as if the packet had been lost.
    }
  };
}

/** Where somebody is to be answered. */
export interface Place {
  readonly address: string;
  /** 0: any that is free. */
  readonly port: number;
  /** Does something where the sockets belong: in a network namespace. */
  within(act: () => void): void;
  /** Once the ports are known. What it throws closes them again. */
  onBound(ports: { readonly udp: number; readonly tcp: number }): void;
}

/** Order: at once, as the sockets belong to whatever namespace this thread is in at that moment. */
const lookUpAtOnce = (
  host: string,
  _options: unknown,
  take: (error: null, address: string, family: number) => void,
): void => take(null, host, host.includes(":") ? 6 : 4);

export class Listener {
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(udp: Socket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
  }

  /** Resolves once both are bound. Rejects with the system's error. */
  static async open({ address, port, within, onBound }: Place, unsafe: Handler): Promise<Listener> {
    const handle = guard(unsafe);
    const udp = createSocket({
      type: address.includes(":") ? "udp6" : "udp4",
      reuseAddr: true,
      lookup: lookUpAtOnce,
    });
    udp.on("message", (received, { address: from, port }) => {
      // The buffer is used again for the next one.
      const query = Uint8Array.from(received);
      handle(query, { address: from, isStream: false }, (response) => {
        udp.send(response, port, from, () => {});
      });
    });
    const tcp = createServer((socket) => serveStream(socket, handle));
    const bound = Promise.all([whenBound(udp), whenBound(tcp)]);
    try {
      within(() => {
        udp.bind(port, address);
        tcp.listen(port, address);
      });
      await bound;
      onBound({ udp: udp.address().port, tcp: portOf(tcp) });
    } catch (error) {
      bound.catch(() => {});
      closeQuietly(udp);
      closeQuietly(tcp);
      throw error;
    }
    for (const socket of [udp, tcp]) socket.on("error", () => {});
    try {
      udp.setRecvBufferSize(RECEIVE_BYTES);
    } catch {
      // The kernel's own limit has to do.
    }
    tcp.maxConnections = MOST_STREAMS;
    return new Listener(udp, tcp);
  }

  close(): void {
    closeQuietly(this.#udp);
    closeQuietly(this.#tcp);
  }
}

const whenBound = (socket: Socket | Server): Promise<void> =>
  new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("listening", resolve);
  });

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === "string" ? 0 : address.port;
}

/** One that was never bound refuses to be closed. */
function closeQuietly(socket: Socket | Server): void {
  try {
    socket.close();
  } catch {
    // Nothing to be closed.
  }
}

function serveStream(socket: Stream, handle: Handler): void {
  let received = new Uint8Array();
  socket.setTimeout(IDLE_MS, () => socket.destroy());
  socket.on("error", () => {});
  socket.on("data", (chunk: Uint8Array) => {
    received = joinBytes([received, chunk]);
    if (received.length > STREAM_LIMIT_BYTES) socket.destroy();
    for (;;) {
      const length = frameLength(received);
      if (length === undefined) return;
      const query = received.slice(2, 2 + length);
      received = received.slice(2 + length);
      const from = (socket.remoteAddress ?? "").replace(/^::ffff:/, "");
      handle(query, { address: from, isStream: true }, (response) => {
        if (!socket.destroyed) socket.write(makeFrame(response));
      });
    }
  });
}
