// Folders of bunker's own for one test file: what is not told otherwise keeps nothing on the host.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { WITHOUT_NETWORK } from "./bunker.ts";
import { stateIn } from "./leftovers.ts";

export class OwnFolders implements Disposable {
  readonly #folder = mkdtempSync(`${tmpdir()}/tests-of-bunker-`);
  readonly #run = `${this.#folder}/run`;
  readonly #data = `${this.#folder}/data`;

  /** @param asRoot the words before a command that needs to be root */
  constructor(private readonly asRoot: readonly string[]) {}

  get environment(): Readonly<Record<string, string>> {
    return { BUNKER_RUN: this.#run, BUNKER_DATA: this.#data, ...WITHOUT_NETWORK };
  }

  /** What there is of containers, a line each. */
  left(): readonly string[] {
    return stateIn(this.#run, this.#data);
  }

  [Symbol.dispose](): void {
    Bun.spawnSync([...this.asRoot, "rm", "-rf", "--one-file-system", this.#folder]);
  }
}
