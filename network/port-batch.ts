// Published ports as the kernel is told of them, without nft: elements of the table's maps, in one batch.
// linux/netfilter/nf_tables.h
//
//   header, batch begins
//   header, a map's elements: the table's name, the map's, a list of elements
//   …
//   header, batch ends
//
// Speed: nft takes 1.6 ms of a processor for one element, and the kernel 0.03.

import { encodeInto } from "../ffi/text.ts";
import { parseAddress } from "./address.ts";
import { groupByMap, type PortElement, TABLE } from "./ruleset.ts";

export interface PortBatch {
  readonly bytes: Uint8Array;
  /** How many of its messages are answered. */
  readonly answers: number;
}

const NFPROTO_INET = 1;
const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_DELSETELEM = 14;
const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
const NLM_F_CREATE = 0x400;
const NLA_F_NESTED = 0x8000;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_DATA = 2;
const NFTA_DATA_VALUE = 1;

/** A list's length is told in 16 bits; the longest element takes 80 bytes. */
const ELEMENTS_MAX = 512;
const ELEMENT_BYTES_MAX = 80;
/** Of the message around them. */
const MESSAGE_BYTES_MAX = 64;

/** @param verb `delete` looks at keys only. One that is missing fails the rest. */
export function encodePorts(verb: "add" | "delete", elements: readonly PortElement[]): PortBatch {
  const lists: [where: string, part: readonly PortElement[]][] = [];
  for (const [where, list] of groupByMap(elements)) {
    for (let first = 0; first < list.length; first += ELEMENTS_MAX) {
      lists.push([where, list.slice(first, first + ELEMENTS_MAX)]);
    }
  }
  const room = (lists.length + 2) * MESSAGE_BYTES_MAX + elements.length * ELEMENT_BYTES_MAX;
  const batch = new Batch(room, verb === "add");
  batch.mark(NFNL_MSG_BATCH_BEGIN);
  for (const [where, part] of lists) batch.change(where, part);
  batch.mark(NFNL_MSG_BATCH_END);
  return { bytes: batch.written(), answers: lists.length };
}

/** Netlink's own numbers are in the machine's order of bytes, which is little-endian on all of ours. */
class Batch {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #next = 0;

  constructor(
    byteLength: number,
    private readonly isAdded: boolean,
  ) {
    this.#bytes = new Uint8Array(byteLength);
    this.#view = new DataView(this.#bytes.buffer);
  }

  written(): Uint8Array {
    return this.#bytes.subarray(0, this.#next);
  }

  mark(type: number): void {
    const start = this.#begin(type, 0, 0, NFNL_SUBSYS_NFTABLES);
    this.#view.setUint32(start, this.#next - start, true);
  }

  change(where: string, elements: readonly PortElement[]): void {
    const kind = this.isAdded ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM;
    const flags = NLM_F_ACK | (this.isAdded ? NLM_F_CREATE : 0);
    const start = this.#begin((NFNL_SUBSYS_NFTABLES << 8) | kind, flags, NFPROTO_INET, 0);
    this.#text(NFTA_SET_ELEM_LIST_TABLE, TABLE.slice(TABLE.indexOf(" ") + 1));
    this.#text(NFTA_SET_ELEM_LIST_SET, where);
    const list = this.#open(NFTA_SET_ELEM_LIST_ELEMENTS);
    let first: PortElement | undefined;
    let [from, end] = [0, 0];
    for (const element of elements) {
      // Speed: but for the numbers most are as the one before, and this code is run cold.
      if (first === undefined || first.hostIp !== element.hostIp || first.ip !== element.ip) {
        [first, from] = [element, this.#next];
        this.#element(element);
        end = this.#next;
      } else {
        this.#bytes.copyWithin(this.#next, from, end);
        this.#next += end - from;
      }
      this.#number(this.#next - (end - from), element);
    }
    this.#close(list);
    this.#view.setUint32(start, this.#next - start, true);
  }

  //   0        4      6       8          12     16       17        18
  //   | length | type | flags | sequence | port | family | version | resource, big-endian |
  #begin(type: number, flags: number, family: number, resource: number): number {
    const start = this.#next;
    this.#view.setUint16(start + 4, type, true);
    this.#view.setUint16(start + 6, NLM_F_REQUEST | flags, true);
    this.#bytes[start + 16] = family;
    this.#view.setUint16(start + 18, resource);
    this.#next += 20;
    return start;
  }

  /** An attribute begins with its length and its type. */
  #open(type: number, isNested = true): number {
    const start = this.#next;
    this.#view.setUint16(start + 2, isNested ? type | NLA_F_NESTED : type, true);
    this.#next += 4;
    return start;
  }

  #close(start: number): void {
    this.#view.setUint16(start, this.#next - start, true);
    this.#next = (this.#next + 3) & ~3;
  }

  #text(type: number, text: string): void {
    const start = this.#open(type, false);
    // With its final NUL.
    this.#next += encodeInto(text, this.#bytes.subarray(this.#next)) + 1;
    this.#close(start);
  }

  #element({ hostIp, ip }: PortElement): void {
    const element = this.#open(NFTA_LIST_ELEM);
    this.#data(NFTA_SET_ELEM_KEY, hostIp, PROTOCOL_BYTES + PORT_BYTES);
    if (this.isAdded && ip !== "") this.#data(NFTA_SET_ELEM_DATA, ip, PORT_BYTES);
    this.#close(element);
  }

  /** An address, and room for what comes behind it. */
  #data(type: number, ip: string, more: number): void {
    const around = this.#open(type);
    const start = this.#open(NFTA_DATA_VALUE, false);
    const address = ip === "" ? undefined : parseAddress(ip);
    if (address?.family === 6) {
      this.#view.setBigUint64(this.#next, address.value >> 64n);
      this.#view.setBigUint64(this.#next + 8, BigInt.asUintN(64, address.value));
      this.#next += 16;
    } else if (address !== undefined) {
      this.#view.setUint32(this.#next, Number(address.value));
      this.#next += 4;
    }
    this.#next += more;
    this.#close(start);
    this.#close(around);
  }

  //   0         4     8       12       12 + n     16 + n       20 + n  24 + n  28 + n   28 + n + m
  //   | element | key | value | n: ip | protocol | host port | data  | value | m: ip | port |
  #number(at: number, { hostIp, protocol, hostPort, ip, containerPort }: PortElement): void {
    const bytes = this.#bytes;
    let next = at + 12 + addressBytes(hostIp);
    bytes[next] = PROTOCOLS[protocol];
    bytes[next + 4] = hostPort >> 8;
    bytes[next + 5] = hostPort;
    if (!this.isAdded || ip === "") return;
    next += 16 + addressBytes(ip);
    bytes[next] = containerPort >> 8;
    bytes[next + 1] = containerPort;
  }
}

const addressBytes = (ip: string): number => (ip === "" ? 0 : ip.includes(":") ? 16 : 4);

// Each part of what is concatenated takes a multiple of four bytes.
const PROTOCOL_BYTES = 4;
const PORT_BYTES = 4;
/** IANA's numbers. */
const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const;
