// A file system in memory that is easily full.

import { rmSync, statfsSync } from "node:fs";

const PAGE = 4096;

/** @throws Error with what it says where it fails */
export function sh(command: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["/bin/sh", "-ec", command]);
  if (exitCode !== 0) throw new Error(`${command}: ${stderr.toString()}`);
}

export class SmallDisk {
  readonly #filling: string;

  /** @param size as tmpfs has it: `32m` */
  constructor(
    private readonly folder: string,
    private readonly size: string,
  ) {
    this.#filling = `${folder}/filling`;
  }

  mount(): void {
    sh(`mount -t tmpfs -o size=${this.size} tmpfs ${this.folder}`);
  }

  /** Pages that are free. */
  get room(): number {
    return Number(statfsSync(this.folder).bavail);
  }

  /** Leaves so many pages, or what there is. */
  fill(pages: number): void {
    const size = this.room - pages;
    if (size <= 0) return;
    // Race: others that write meanwhile may be quicker.
    const command = `head -c ${size * PAGE} /dev/zero >> ${this.#filling}`;
    Bun.spawnSync(["/bin/sh", "-c", command], { stderr: "ignore" });
  }

  /** Takes away what it was filled with. */
  makeRoom(): void {
    rmSync(this.#filling, { force: true });
  }

  /** @param isLazy also where somebody is in it still */
  unmount(isLazy = false): void {
    sh(`umount ${isLazy ? "-l " : ""}${this.folder}`);
  }
}
