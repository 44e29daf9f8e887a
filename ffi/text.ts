// UTF-8, both ways, with one encoder and one decoder for all of ffi/: making one costs 0.1 ms when a
// process does it for the first time.

const encoder = new TextEncoder();
let decoder: TextDecoder | undefined;

/** The bytes of a text. */
export const encodeText = (text: string): Uint8Array<ArrayBuffer> => encoder.encode(text);

/** Writes a text into `bytes`; how many bytes that took. */
export const encodeInto = (text: string, bytes: Uint8Array): number =>
  encoder.encodeInto(text, bytes).written;

/** The text in some bytes; what is no UTF-8 becomes U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return (decoder ??= new TextDecoder()).decode(bytes);
}
