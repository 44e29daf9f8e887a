// A tree of many small files, as packages for a scripting language are.

import { mkdirSync, writeFileSync } from "node:fs";

/** `count` files of 100 to 4000 bytes, a hundred in a folder. */
export function makeSmallFiles(folder: string, count: number): void {
  mkdirSync(folder);
  for (let i = 0; i < count; i++) {
    const place = `${folder}/folder-${Math.floor(i / 100)}`;
    if (i % 100 === 0) mkdirSync(place);
    writeFileSync(`${place}/file-${i}.js`, `export const n = ${i};\n`.repeat(5 + ((i * 37) % 170)));
  }
}
