// What a flag is: a row of data from which the parser, the help page and, later, the completion
// and the manual are made. The row's `set` is the only code, and says where the value goes.

interface FlagWords {
  /** One letter, without its dash. */
  readonly short?: string;
  /** Other spellings of its long name, which are on no help page. */
  readonly aliases?: readonly string[];
  /** The one of them that docker has given up; its use is answered with a warning. */
  readonly formerly?: string;
  /** The sentence of the help page, without a final period. */
  readonly help: string;
  /** The heading under which the help page lists it. */
  readonly group: string;
  /** What the help page calls the value; the type's own name unless said. */
  readonly placeholder?: string;
  /** What holds when the flag is not given, where the help page should say so. */
  readonly fallback?: string;
  /** An empty value is as if the flag were not there, as docker has it: `--user ""`. */
  readonly ignoresEmpty?: boolean;
  /** Accepted, but on no help page. */
  readonly hidden?: boolean;
  /** What to use instead; its use is answered with a warning. */
  readonly deprecated?: string;
}

/**
 * A flag that fills a draft of type D. `list` differs from `text` only on the help page: a flag is
 * set once each time it is given, so the last one wins where `set` overwrites.
 * `set` throws a UserError whose message is the reason alone; the parser names the flag.
 */
export type Flag<D> = FlagWords &
  (
    | { readonly type: "bool"; set(draft: D, value: boolean): void }
    | { readonly type: "int"; set(draft: D, value: number): void }
    | { readonly type: "text" | "list"; set(draft: D, text: string): void }
  );

/** The flags of one command by their long names. */
export type FlagTable<D> = Readonly<Record<string, Flag<D>>>;

/** What the help page needs to know of a flag, whatever it fills. */
export type FlagInfo = FlagWords & { readonly type: "bool" | "int" | "text" | "list" };

/** Flags of docker's that are refused: name → why, a clause after "--name is not supported: ". */
export type RefusedFlags = Readonly<Record<string, string>>;

/** Returns a flag as error messages write it, as docker does: `--name`, or `-e, --env`. */
export function formatFlag(name: string, short: string | undefined): string {
  return short === undefined ? `--${name}` : `-${short}, --${name}`;
}
