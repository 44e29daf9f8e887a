// DNS messages as bytes: questions are read, answers are made. Pure. RFC 1035, 4
//
//   id  flags  qdcount ancount nscount arcount   question                records
//   2   2      2       2       2       2         name… type 2 class 2    name… type 2 class 2 ttl 4 length 2 data…

export const TYPE = { A: 1, PTR: 12, AAAA: 28, ANY: 255 } as const;
export const CODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4 } as const;

const HEADER_BYTES = 12;
const CLASS_IN = 1;
const POINTER = 0xc0;
const QUESTION_POINTER = 0xc00c;
const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_TRUNCATED = 0x0200;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const OPCODE = 0x7800;
/** What any client takes, and what one with EDNS does. RFC 1035, 4.2.1; DNS flag day 2020 */
const UDP_BYTES = 512;
const EDNS_BYTES = 1232;

export interface Question {
  /** Lower case, without the final period; "" is the root. */
  readonly name: string;
  readonly type: number;
  /** Where the question ends in the message. */
  readonly end: number;
  /** How long an answer may be, by UDP. */
  readonly limitBytes: number;
}

const view = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** The question of a query; undefined for what is no query with one question. */
export function parseQuestion(message: Uint8Array): Question | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const data = view(message);
  const flags = data.getUint16(2);
  if ((flags & (FLAG_RESPONSE | OPCODE)) !== 0 || data.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    // A question is the first name of its message: it has nothing to point to.
    if (length === undefined || length >= 64) return undefined;
    at += 1;
    if (length === 0) break;
    if (at + length > message.length) return undefined;
    labels.push(String.fromCharCode(...message.subarray(at, at + length)));
    at += length;
  }
  if (at + 4 > message.length) return undefined;
  return {
    name: labels.join(".").toLowerCase(),
    type: data.getUint16(at),
    end: at + 4,
    limitBytes: data.getUint16(10) > 0 ? EDNS_BYTES : UDP_BYTES,
  };
}

/** An answer to the question: of its type, with these bytes. */
export interface Answer {
  readonly type: number;
  readonly data: Uint8Array;
}

/** @param limitBytes what does not fit is left out, and the message says so */
export function makeResponse(
  query: Uint8Array,
  question: Question,
  answers: readonly Answer[],
  { code, ttlS, limitBytes }: { code: number; ttlS: number; limitBytes: number },
): Uint8Array {
  let length = question.end;
  let count = 0;
  for (const { data } of answers) {
    if (length + 12 + data.length > limitBytes) break;
    length += 12 + data.length;
    count += 1;
  }
  const message = new Uint8Array(length);
  message.set(query.subarray(0, question.end));
  const out = view(message);
  const asked = view(query).getUint16(2) & FLAG_RECURSION_DESIRED;
  const cut = count < answers.length ? FLAG_TRUNCATED : 0;
  const own = FLAG_RESPONSE | FLAG_AUTHORITATIVE | FLAG_RECURSION_AVAILABLE;
  out.setUint16(2, own | asked | cut | code);
  out.setUint16(6, count);
  out.setUint32(8, 0);
  let at = question.end;
  for (const { type, data } of answers.slice(0, count)) {
    out.setUint16(at, QUESTION_POINTER);
    out.setUint16(at + 2, type);
    out.setUint16(at + 4, CLASS_IN);
    out.setUint32(at + 6, ttlS);
    out.setUint16(at + 10, data.length);
    message.set(data, at + 12);
    at += 12 + data.length;
  }
  return message;
}

/** A response without records, for what cannot be answered. */
export function makeFailure(query: Uint8Array, code: number): Uint8Array {
  const question = parseQuestion(query);
  const end = question?.end ?? Math.min(query.length, HEADER_BYTES);
  const message = query.slice(0, end);
  const out = view(message);
  out.setUint16(
    2,
    FLAG_RESPONSE | FLAG_RECURSION_AVAILABLE | (out.getUint16(2) & FLAG_RECURSION_DESIRED) | code,
  );
  out.setUint16(4, question === undefined ? 0 : 1);
  out.setUint16(6, 0);
  out.setUint32(8, 0);
  return message;
}

/** A name as bytes. */
export function encodeName(name: string): Uint8Array {
  const bytes: number[] = [];
  for (const label of name.split(".")) {
    if (label === "") continue;
    const short = label.slice(0, 63);
    bytes.push(short.length, ...[...short].map((letter) => letter.charCodeAt(0) & 0xff));
  }
  return Uint8Array.from([...bytes, 0]);
}

export const codeOf = (message: Uint8Array): number => (message[3] ?? 0) & 0x0f;

export const isTruncated = (message: Uint8Array): boolean =>
  message.length > 3 && (view(message).getUint16(2) & FLAG_TRUNCATED) !== 0;

/** Where the TTLs of a response's records are; undefined for what is no whole message. */
export function findTtls(message: Uint8Array): number[] | undefined {
  if (message.length < HEADER_BYTES) return undefined;
  const data = view(message);
  const count = data.getUint16(6) + data.getUint16(8) + data.getUint16(10);
  let at = HEADER_BYTES;
  for (let question = 0; question < data.getUint16(4); question++) at = skipName(message, at) + 4;
  const offsets: number[] = [];
  for (let record = 0; record < count; record++) {
    at = skipName(message, at);
    if (at + 10 > message.length) return undefined;
    // EDNS has flags in the place of a TTL.
    if (data.getUint16(at) !== TYPE_OPT) offsets.push(at + 4);
    at += 10 + data.getUint16(at + 8);
  }
  return at <= message.length ? offsets : undefined;
}

const TYPE_OPT = 41;

function skipName(message: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const length = message[at];
    if (length === undefined) return message.length;
    if (length >= POINTER) return at + 2;
    if (length === 0) return at + 1;
    at += 1 + length;
  }
}
