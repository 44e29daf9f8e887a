// Text that fills the screen, made anew each time: what a command prints elsewhere, in as many columns as
// there are.
import { stepOf } from "./keys.ts";
import type { Picture } from "./screen.ts";
import type { Line } from "./text.ts";

/** The text for a window of that width. */
export type MakeText = (columns: number) => string;

export class TextPicture implements Picture {
  #make: MakeText = () => "";
  #count = 0;
  /** The first line that is shown. */
  #first = 0;
  #room = 1;

  /** @param read undefined where there is nothing more to be seen */
  constructor(private readonly read: () => MakeText | undefined) {}

  refresh(): boolean {
    const make = this.read();
    if (make === undefined) return false;
    this.#make = make;
    return true;
  }

  draw(columns: number, rows: number): Line[] {
    this.#room = Math.max(1, rows - 1);
    const lines = this.#make(columns).trimEnd().split("\n");
    const count = lines.length;
    this.#count = count;
    this.#first = Math.max(0, Math.min(this.#first, count - this.#room));
    const shown = lines.slice(this.#first, this.#first + this.#room);
    const keys = "q quit";
    const last = this.#first + shown.length;
    const foot =
      count <= this.#room ? keys : `${this.#first + 1}-${last} of ${count}  ${keys}  up/down`;
    return [...shown.map((text): Line => [{ text }]), [{ text: foot, look: "dim" }]];
  }

  press(key: string): boolean {
    const step = stepOf(key, this.#room);
    if (step === undefined) return false;
    this.#first = Math.max(0, Math.min(this.#first + step, this.#count));
    return true;
  }
}
