// Text as man(7) has it.

/** A text that is shown as it is, wherever in a line it stands: no sign of it is taken for a command. */
export function escape(text: string): string {
  const signs = text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
  return signs.replaceAll(/^([.'])/gm, "\\&$1");
}

/** Prose: its hyphens are those of words. */
export function prose(text: string): string {
  const signs = text.replaceAll("\\", "\\e");
  // What is quoted as code, flags and paths are to be copied: there a hyphen is a minus.
  const marked = signs
    .replaceAll(/`([^`]+)`/g, (_whole, code: string) => bold(code.replaceAll("-", "\\-")))
    .replaceAll(/(^|[\s(,])(--?[A-Za-z][\w-]*)/g, (_whole, before: string, flag: string) => {
      return before + flag.replaceAll("-", "\\-");
    });
  return marked.replaceAll(/^([.'])/gm, "\\&$1");
}

export const bold = (text: string): string => `\\fB${text}\\fR`;
export const italic = (text: string): string => `\\fI${text}\\fR`;

/** A heading. */
export const section = (title: string): string => `.SH ${title.toUpperCase()}`;
export const subsection = (title: string): string => `.SS ${escape(title)}`;
export const paragraphs = (text: string): string[] =>
  text.split("\n\n").flatMap((paragraph) => [".PP", prose(paragraph)]);

/** A term, and what it means. @param term with its fonts */
export const entry = (term: string, meaning: string): string[] => [".TP", term, prose(meaning)];

/** Lines as they are to be typed. */
export const code = (lines: readonly string[]): string[] => [
  ".PP",
  ".RS 4",
  ".EX",
  ...lines.map(escape),
  ".EE",
  ".RE",
];
