// The live picture of `stats` and `top`: above all containers together, or the one that is chosen; below a
// row for each.
import type { Usage } from "../../engine/containers/processes.ts";
import { stepOf } from "../live/keys.ts";
import type { Abilities } from "../live/place.ts";
import type { Picture } from "../live/screen.ts";
import type { Line } from "../live/text.ts";
import type { SortKey } from "./top.ts";
import { addUp, History } from "./usage-rates.ts";
import { drawSummary, SUMMARY_LINES } from "./usage-summary.ts";
import { drawTable, sortRows, type UsageRow } from "./usage-table.ts";

interface UsageChoice {
  /** The order that it begins with; undefined: as they come. */
  readonly sort: SortKey | undefined;
  readonly place: Abilities;
}

const SORT_BY_KEY: Readonly<Record<string, SortKey>> = {
  c: "cpu",
  m: "memory",
  n: "network",
  b: "block",
  p: "pids",
  a: "name",
};

/** Fewer rows than that have room for the table alone. */
const LEAST_ROWS = 10;
const ALL_KEYS =
  "q quit  c cpu  m memory  n network  b block  p pids  a name  r reverse  up/down one";
const FEW_KEYS = "q quit  c m n b p a r sort";

export class UsagePicture implements Picture {
  readonly #history = new History();
  #rows: readonly UsageRow[] = [];
  #sort: SortKey | undefined;
  #isReversed = false;
  #chosen: string | undefined;
  /** How many rows the table had room for when it was drawn. */
  #page = 1;

  /** @param read undefined where there is nothing more to be seen */
  constructor(
    private readonly read: () => readonly Usage[] | undefined,
    private readonly choice: UsageChoice,
  ) {
    this.#sort = choice.sort;
  }

  refresh(): boolean {
    const usages = this.read();
    if (usages === undefined) return false;
    this.#history.add(usages);
    this.#rows = usages.map(({ container: { id, name } }) => {
      return { id, name, samples: this.#history.samples(id) };
    });
    return true;
  }

  draw(columns: number, rows: number): Line[] {
    const shown = this.#listRows();
    const top = rows >= LEAST_ROWS ? this.#drawTop(columns) : [];
    const room = rows - top.length - 2;
    this.#page = Math.max(1, room);
    const table = drawTable(shown, columns, {
      sort: this.#sort,
      chosen: this.#chosen,
      place: this.choice.place,
    });
    const [heading = [], ...lines] = table;
    const foot = columns > ALL_KEYS.length ? ALL_KEYS : FEW_KEYS;
    const first = this.#firstShown(shown, room);
    return [
      ...top,
      heading,
      ...(lines.length === 0 ? [[{ text: "no container runs", look: "dim" }] as const] : []),
      ...lines.slice(first, first + Math.max(0, room)),
      [{ text: describeFoot(foot, lines.length, first, room), look: "dim" }],
    ];
  }

  #listRows(): readonly UsageRow[] {
    if (this.#sort !== undefined) return sortRows(this.#rows, this.#sort, this.#isReversed);
    return this.#isReversed ? this.#rows.toReversed() : this.#rows;
  }

  /** So that the chosen one can be seen. */
  #firstShown(shown: readonly UsageRow[], room: number): number {
    const index = shown.findIndex(({ id }) => id === this.#chosen);
    return Math.max(0, Math.min(index - room + 1, shown.length - room));
  }

  #drawTop(columns: number): Line[] {
    const one = this.#rows.find(({ id }) => id === this.#chosen);
    const count = this.#rows.length;
    const title = one === undefined ? `${count} container${count === 1 ? "" : "s"}` : one.name;
    const shown = one === undefined ? addUp(this.#rows.map((row) => row.samples)) : one.samples;
    const lines = drawSummary(shown, columns, this.choice.place);
    const blank: Line = [];
    while (lines.length < SUMMARY_LINES) lines.push(blank);
    return [[{ text: title, look: "bold" }], ...lines, blank];
  }

  press(key: string): boolean {
    const sort = Object.hasOwn(SORT_BY_KEY, key) ? SORT_BY_KEY[key] : undefined;
    if (sort !== undefined) {
      this.#sort = sort;
      this.#isReversed = false;
      return true;
    }
    const step = stepOf(key, this.#page);
    if (step !== undefined) this.#move(step);
    else if (key === "r") this.#isReversed = !this.#isReversed;
    else if (key === "escape") this.#chosen = undefined;
    else return false;
    return true;
  }

  /** Beyond the first row all of them are chosen. */
  #move(by: number): void {
    const shown = this.#listRows();
    const index = shown.findIndex(({ id }) => id === this.#chosen) + by;
    this.#chosen = index < 0 ? undefined : shown[Math.min(index, shown.length - 1)]?.id;
  }
}

function describeFoot(keys: string, count: number, first: number, room: number): string {
  if (count <= room) return keys;
  return `${first + 1}-${Math.min(count, first + room)} of ${count}  ${keys}`;
}
