// Digests as the OCI image specification writes them, and the hashing that makes them.

import { runtime } from "#runtime";
import { UserError } from "../errors.ts";

/** `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export const isDigest = (text: string): text is Digest => PATTERN.test(text);

/** The digest in `text`. Throws UserError for anything else, other algorithms among it. */
export function parseDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new UserError(
    `digest must be "sha256:" and 64 hexadecimal digits: got ${JSON.stringify(text.slice(0, 100))}`,
  );
}

/** The 64 hexadecimal digits. */
export const digestHex = (digest: Digest): string => digest.slice("sha256:".length);

/** The digest of some bytes or of a text in UTF-8. */
export function digestOf(bytes: Uint8Array | string): Digest {
  const hash = runtime.sha256();
  hash.update(bytes);
  return `sha256:${hash.hex()}`;
}

/** Makes the digest of what passes by. */
export class DigestHasher {
  readonly #hash = runtime.sha256();

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  /** The digest of all that was given; nothing can be added afterwards. */
  digest(): Digest {
    return `sha256:${this.#hash.hex()}`;
  }
}
