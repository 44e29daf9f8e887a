// One address on which the DNS answers, by UDP and TCP.

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { frameLength, makeFrame } from "./frame.ts";

const PORT = 53;
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

export class Listener {
  readonly #udp: Socket;
  readonly #tcp: Server;

  private constructor(udp: Socket, tcp: Server) {
    this.#udp = udp;
    this.#tcp = tcp;
  }

  /** Resolves once both are bound. Rejects with the system's error. */
  static async open(address: string, unsafe: Handler): Promise<Listener> {
    const handle = guard(unsafe);
    const udp = createSocket({ type: address.includes(":") ? "udp6" : "udp4", reuseAddr: true });
    udp.on("message", (received, { address: from, port }) => {
      // The buffer is used again for the next one.
      const query = Uint8Array.from(received);
      handle(query, { address: from, isStream: false }, (response) => {
        udp.send(response, port, from, () => {});
      });
    });
    await new Promise<void>((resolve, reject) => {
      udp.once("error", reject);
      udp.bind(PORT, address, resolve);
    });
    udp.on("error", () => {});
    try {
      udp.setRecvBufferSize(RECEIVE_BYTES);
    } catch {
      // The kernel's own limit has to do.
    }
    const tcp = createServer((socket) => {
      let received = new Uint8Array();
      socket.setTimeout(IDLE_MS, () => socket.destroy());
      socket.on("error", () => {});
      socket.on("data", (chunk) => {
        received = Uint8Array.from([...received, ...chunk]);
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
    });
    await new Promise<void>((resolve, reject) => {
      tcp.once("error", reject);
      tcp.listen(PORT, address, resolve);
    }).catch((error: unknown) => {
      udp.close();
      throw error;
    });
    tcp.on("error", () => {});
    tcp.maxConnections = MOST_STREAMS;
    return new Listener(udp, tcp);
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}
