// A folder of its own for each test that needs files, gone at the end of its scope.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

export class TemporaryFolder implements Disposable {
  readonly path = mkdtempSync(`${tmpdir()}/bunker-ffi-`);

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
