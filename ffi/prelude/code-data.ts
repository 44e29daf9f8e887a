// What lies behind the prelude's code: where its operations are, and its texts, in the order in which
// the listing refers to them.

import { codeBytes, type Listing } from "../agent/elf.ts";
import { CONTAINER_FILE, FOLDER, MAGIC, OPERATIONS } from "./layout.ts";

const TEXTS = [
  "BUNKER_RUN",
  "/run/bunker",
  "bunker-oci",
  "runc",
  "crun",
  "run",
  "oci",
  "--root",
  "--log",
  "--log-format",
  `/${CONTAINER_FILE}`,
  `/${FOLDER}/`,
];

/** Code and data in a row. */
export function preludeBytes(code: Listing): Uint8Array<ArrayBuffer> {
  const machineCode = codeBytes(code);
  const texts = new TextEncoder().encode(MAGIC + TEXTS.map((text) => `${text}\0`).join(""));
  const bytes = new Uint8Array(machineCode.length + OPERATIONS.length * 2 + texts.length);
  bytes.set(machineCode);
  const view = new DataView(bytes.buffer, machineCode.length);
  OPERATIONS.forEach((name, index) => {
    view.setInt16(index * 2, offsetOf(code, name) - machineCode.length, true);
  });
  bytes.set(texts, machineCode.length + OPERATIONS.length * 2);
  return bytes;
}

/** Where the part that begins with the comment `name: …` is. */
function offsetOf(code: Listing, name: string): number {
  const at = code.indexOf(`\n  // ${name}: `);
  if (at < 0) throw new Error(`the listing has no ${name}`);
  return codeBytes(code.slice(0, at)).length;
}
