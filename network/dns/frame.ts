// DNS messages in a stream: each after its length in two bytes. Pure. RFC 1035, 4.2.2

export function makeFrame(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(message.length + 2);
  frame[0] = message.length >> 8;
  frame[1] = message.length & 0xff;
  frame.set(message, 2);
  return frame;
}

/** How long the first message is, once all of it is there. */
export function frameLength(bytes: Uint8Array): number | undefined {
  if (bytes.length < 2) return undefined;
  const length = ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0);
  return bytes.length >= length + 2 ? length : undefined;
}
