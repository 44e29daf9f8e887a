// Asks other servers: by UDP, one after the other until one answers; by TCP where the client came so.

import { createSocket, type Socket } from "node:dgram";
import { connect } from "node:net";
import { joinBytes } from "../../ffi/bytes.ts";
import { frameLength, makeFrame } from "./frame.ts";

const PORT = 53;
const TIMEOUT_MS = 2000;
const ROUNDS = 2;
const MOST_WAITING = 4096;

interface Waiting {
  readonly query: Uint8Array;
  readonly servers: readonly string[];
  readonly answer: (response: Uint8Array | undefined) => void;
  attempt: number;
  timer: NodeJS.Timeout | undefined;
}

/** Splits `1.2.3.4` and `1.2.3.4#5353`. */
function splitServer(server: string): { host: string; port: number } {
  const [host = "", port] = server.split("#");
  return { host, port: port === undefined ? PORT : Number(port) };
}

export class Forwarder {
  readonly #waiting = new Map<number, Waiting>();
  readonly #sockets = new Map<"udp4" | "udp6", Socket>();

  /** @param answer gets the response with the query's own id; undefined where nobody answered */
  ask(
    query: Uint8Array,
    servers: readonly string[],
    answer: (response: Uint8Array | undefined) => void,
  ): void {
    if (servers.length === 0 || this.#waiting.size >= MOST_WAITING) return answer(undefined);
    // Security: an id that cannot be guessed keeps strangers from answering in the server's place.
    let id = randomId();
    while (this.#waiting.has(id)) id = randomId();
    const waiting: Waiting = { query, servers, answer, attempt: 0, timer: undefined };
    this.#waiting.set(id, waiting);
    this.#send(id, waiting);
  }

  #send(id: number, waiting: Waiting): void {
    const { query, servers, attempt } = waiting;
    if (attempt >= servers.length * ROUNDS) {
      this.#waiting.delete(id);
      waiting.answer(undefined);
      return;
    }
    const { host, port } = splitServer(servers[attempt % servers.length] ?? "");
    const message = query.slice();
    message[0] = id >> 8;
    message[1] = id & 0xff;
    const next = (): void => {
      if (this.#waiting.get(id) !== waiting || waiting.attempt !== attempt) return;
      clearTimeout(waiting.timer);
      waiting.attempt += 1;
      this.#send(id, waiting);
    };
    waiting.timer = setTimeout(next, TIMEOUT_MS);
    this.#socket(host.includes(":") ? "udp6" : "udp4").send(message, port, host, (error) => {
      if (error) next();
    });
  }

  #socket(type: "udp4" | "udp6"): Socket {
    const known = this.#sockets.get(type);
    if (known !== undefined) return known;
    const socket = createSocket(type);
    socket.on("message", (response, { address, port }) => this.#take(response, address, port));
    socket.on("error", () => {});
    this.#sockets.set(type, socket);
    return socket;
  }

  #take(response: Uint8Array, address: string, port: number): void {
    const id = ((response[0] ?? 0) << 8) | (response[1] ?? 0);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    const known = waiting.servers.map(splitServer);
    if (!known.some((server) => server.host === address && server.port === port)) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    const own = Uint8Array.from(response);
    own.set(waiting.query.subarray(0, 2));
    waiting.answer(own);
  }

  /** By TCP: long answers. */
  askByStream(
    query: Uint8Array,
    servers: readonly string[],
    answer: (response: Uint8Array | undefined) => void,
  ): void {
    const [server, ...others] = servers;
    if (server === undefined) return answer(undefined);
    let isDone = false;
    const finish = (response: Uint8Array | undefined): void => {
      if (isDone) return;
      isDone = true;
      socket.destroy();
      if (response !== undefined) answer(response);
      else this.askByStream(query, others, answer);
    };
    let received = new Uint8Array();
    const socket = connect(splitServer(server), () => socket.write(makeFrame(query)));
    socket.setTimeout(TIMEOUT_MS * 2, () => finish(undefined));
    socket.on("error", () => finish(undefined));
    socket.on("close", () => finish(undefined));
    socket.on("data", (chunk: Uint8Array) => {
      received = joinBytes([received, chunk]);
      const length = frameLength(received);
      if (length !== undefined) finish(received.slice(2, 2 + length));
    });
  }
}

const randomId = (): number => crypto.getRandomValues(new Uint16Array(1))[0] ?? 0;
