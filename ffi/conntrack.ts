// linux/netfilter/nfnetlink_conntrack.h: the flows that the kernel knows, looked through and forgotten, as
// conntrack(8) does. netlink(7)

import { bytesAddress } from "./library.ts";
import { openNetfilter } from "./netfilter.ts";
import { rawCall } from "./syscall.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_UDP = 17;

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_GET = 1;
const IPCTNL_MSG_CT_DELETE = 2;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
const CTA_TUPLE_ORIG = 1;
const CTA_ID = 12;
const CTA_ZONE = 18;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
/** net/netfilter/nf_internals.h, which libnetfilter_conntrack repeats: by the protocol alone. */
const CTA_FILTER_F_CTA_PROTO_NUM = 1 << 3;
const CTA_TUPLE_IP = 1;
const CTA_TUPLE_PROTO = 2;
const CTA_IP_V4_DST = 2;
const CTA_IP_V6_DST = 4;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;

/** struct nlmsghdr, and with struct nfgenmsg behind it. */
const HEADER_BYTES = 16;
const PREFIX_BYTES = 20;
/** Of an attribute: its length and its type. */
const ATTRIBUTE_BYTES = 4;
/** Kernel: it fills what it is given, up to this. */
const READ_BYTES = 32 * 1024;

/** Where a flow was sent to, as its first packet had it. */
export interface FlowTarget {
  readonly family: 4 | 6;
  /** Its bits as a number. */
  readonly address: bigint;
  readonly port: number;
}

/**
 * Forgets flows of UDP in the calling thread's network namespace: their next packets begin new ones. What a
 * kernel without ctnetlink knows stays as it is.
 * @throws SyscallError where there is no netlink
 */
export function forgetUdpFlows(isForgotten: Choice): void {
  using fd = openNetfilter();
  for (const family of [AF_INET, AF_INET6]) {
    // Order: once all have been listed, as their table is not to change meanwhile.
    for (const attributes of findFlows(fd.number, family, isForgotten)) {
      send(fd.number, encodeRemoval(family, attributes));
    }
  }
}

type Choice = (target: FlowTarget) => boolean;

/** The attributes that say which flows those are. */
function findFlows(fd: number, family: number, choice: Choice): Uint8Array[] {
  const found: Uint8Array[] = [];
  if (!send(fd, encodeList(family))) return found;
  const bytes = new Uint8Array(READ_BYTES);
  for (;;) {
    const length = rawCall("read", fd, bytesAddress(bytes), bytes.length);
    if (length <= 0 || !readFlows(bytes.subarray(0, length), choice, found)) return found;
  }
}

/** False after the last of them. */
function readFlows(bytes: Uint8Array, choice: Choice, found: Uint8Array[]): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const length = view.getUint32(at, true);
    const type = view.getUint16(at + 4, true);
    if (type === NLMSG_DONE || type === NLMSG_ERROR || length < HEADER_BYTES) return false;
    const attributes = listAttributes(bytes.subarray(at + PREFIX_BYTES, at + length));
    const tuple = attributes.get(CTA_TUPLE_ORIG);
    const target = tuple && readTarget(listAttributes(tuple.value));
    if (target !== undefined && choice(target)) found.push(identify(attributes));
    at += (length + 3) & ~3;
  }
  return true;
}

function identify(attributes: ReadonlyMap<number, Attribute>): Uint8Array {
  const which = [CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE].flatMap((type) => {
    const attribute = attributes.get(type);
    return attribute === undefined ? [] : [...attribute.whole];
  });
  return Uint8Array.from(which);
}

function readTarget(tuple: ReadonlyMap<number, Attribute>): FlowTarget | undefined {
  const ip = tuple.get(CTA_TUPLE_IP);
  const protocol = tuple.get(CTA_TUPLE_PROTO);
  if (ip === undefined || protocol === undefined) return undefined;
  const addresses = listAttributes(ip.value);
  const numbers = listAttributes(protocol.value);
  const four = addresses.get(CTA_IP_V4_DST);
  const address = (four ?? addresses.get(CTA_IP_V6_DST))?.value;
  const [high, low] = numbers.get(CTA_PROTO_DST_PORT)?.value ?? [];
  // Kernel: before Linux 5.8 it does not know the filter.
  const isUdp = numbers.get(CTA_PROTO_NUM)?.value[0] === IPPROTO_UDP;
  if (!isUdp || address === undefined || high === undefined || low === undefined) return undefined;
  const family = four === undefined ? 6 : 4;
  return { family, address: BigInt(`0x${address.toHex()}`), port: (high << 8) | low };
}

interface Attribute {
  readonly value: Uint8Array;
  /** With its header, up to the next one. */
  readonly whole: Uint8Array;
}

function listAttributes(bytes: Uint8Array): Map<number, Attribute> {
  const attributes = new Map<number, Attribute>();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + ATTRIBUTE_BYTES <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < ATTRIBUTE_BYTES) break;
    const next = at + ((length + 3) & ~3);
    attributes.set(view.getUint16(at + 2, true) & NLA_TYPE_MASK, {
      value: bytes.subarray(at + ATTRIBUTE_BYTES, at + length),
      whole: bytes.subarray(at, next),
    });
    at = next;
  }
  return attributes;
}

function encodeList(family: number): Uint8Array {
  const udp = attribute(CTA_PROTO_NUM, Uint8Array.of(IPPROTO_UDP));
  const tuple = nested(CTA_TUPLE_ORIG, nested(CTA_TUPLE_PROTO, udp));
  const flags = Uint8Array.of(CTA_FILTER_F_CTA_PROTO_NUM, 0, 0, 0);
  const filter = nested(CTA_FILTER, attribute(CTA_FILTER_ORIG_FLAGS, flags));
  return message(IPCTNL_MSG_CT_GET, NLM_F_DUMP, family, Uint8Array.of(...tuple, ...filter));
}

const encodeRemoval = (family: number, attributes: Uint8Array): Uint8Array =>
  message(IPCTNL_MSG_CT_DELETE, 0, family, attributes);

//   0        4      6       8          12     16       17        18         20
//   | length | type | flags | sequence | port | family | version | resource | attributes
function message(kind: number, flags: number, family: number, attributes: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(PREFIX_BYTES + attributes.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length, true);
  view.setUint16(4, (NFNL_SUBSYS_CTNETLINK << 8) | kind, true);
  view.setUint16(6, NLM_F_REQUEST | flags, true);
  bytes[HEADER_BYTES] = family;
  bytes.set(attributes, PREFIX_BYTES);
  return bytes;
}

const nested = (type: number, value: Uint8Array): Uint8Array =>
  attribute(type | NLA_F_NESTED, value);

function attribute(type: number, value: Uint8Array): Uint8Array {
  const length = ATTRIBUTE_BYTES + value.length;
  const bytes = new Uint8Array((length + 3) & ~3);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, length, true);
  view.setUint16(2, type, true);
  bytes.set(value, ATTRIBUTE_BYTES);
  return bytes;
}

const send = (fd: number, bytes: Uint8Array): boolean =>
  rawCall("write", fd, bytesAddress(bytes), bytes.length) === bytes.length;
