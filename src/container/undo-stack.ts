// What was done, to be undone in reverse when a later step fails.

/** Push the undo in the line after the thing succeeded. */
export class UndoStack implements Disposable {
  #undos: (() => void)[] = [];

  push(undo: () => void): void {
    this.#undos.push(undo);
  }

  /** All went well: nothing is undone. */
  keep(): void {
    this.#undos = [];
  }

  /** Undoes everything, the last first. One failure does not stop the rest; the first is thrown. */
  [Symbol.dispose](): void {
    const undos = this.#undos.reverse();
    this.#undos = [];
    const failures: unknown[] = [];
    for (const undo of undos) {
      try {
        undo();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
