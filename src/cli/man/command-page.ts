// What the manual says of one command, from its definition.
import type { Command } from "../command.ts";
import type { FlagInfo } from "../flag.ts";
import { explain, valueOf } from "../help.ts";
import { bold, code, entry, escape, italic, paragraphs, prose } from "./roff.ts";

/** `bunker run [flags] IMAGE …`: names as they are typed, the rest in another font. */
export function formatUsage({ words: { name, usage } }: Command): string {
  return `${bold(`bunker ${escape(name)}`)} ${italic(escape(usage))}`.replace(" \\fI\\fR", "");
}

/** Description, flags and examples, without a heading above them. */
export function describeCommand(command: Command): string[] {
  const { summary, description, examples } = command.words;
  return [
    ".PP",
    prose(`${summary}.`),
    ...(description === undefined ? [] : paragraphs(description)),
    ...listFlags(command),
    ...listRefused(command),
    ...(examples ?? []).flatMap(({ does, line }) => [".PP", prose(`${does}:`), ...code([line])]),
  ];
}

function listFlags({ flags, children }: Command): string[] {
  if (children !== undefined) return [];
  const shown = Object.entries(flags).filter(([, { hidden }]) => hidden !== true);
  return shown.flatMap(([name, flag]) => entry(formatFlag(name, flag), `${explain(flag)}.`));
}

/** `-e, --env KEY=VALUE` */
function formatFlag(name: string, flag: FlagInfo): string {
  const names = flag.short === undefined ? [`--${name}`] : [`-${flag.short}`, `--${name}`];
  const value = valueOf(flag);
  const shown = names.map((each) => bold(escape(each))).join(", ");
  return value === "" ? shown : `${shown} ${italic(escape(value))}`;
}

function listRefused({ refused = {} }: Command): string[] {
  return Object.entries(refused).flatMap(([name, why]) =>
    entry(bold(escape(`--${name}`)), `Not supported: ${why}.`),
  );
}
