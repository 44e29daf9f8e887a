// A file system in memory that is easily full.

import { rmSync, statfsSync } from "node:fs";
import { emptyInTime } from "./leftovers.ts";

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

  /** Once nobody is in it any more: a guardian's deputy goes a moment after its container. */
  async unmount(): Promise<void> {
    const [problem] = await emptyInTime(() => {
      const { exitCode, stderr } = Bun.spawnSync(["umount", this.folder]);
      return exitCode === 0 ? [] : [stderr.toString()];
    });
    if (problem !== undefined) throw new Error(problem);
  }

  /** Also where somebody is in it still. */
  detach(): void {
    sh(`umount -l ${this.folder}`);
  }
}
