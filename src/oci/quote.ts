// How a text of the user's stands in a message.

/** Text in double quotes, with what a terminal would obey escaped. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
