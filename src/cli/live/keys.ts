// The bytes that a terminal sends → the names of keys, and what those do that every picture has.

const SEQUENCES: readonly (readonly [bytes: string, name: string])[] = [
  ["\u001b[A", "up"],
  ["\u001bOA", "up"],
  ["\u001b[B", "down"],
  ["\u001bOB", "down"],
  ["\u001b[5~", "page-up"],
  ["\u001b[6~", "page-down"],
  ["\u001b[H", "home"],
  ["\u001b[1~", "home"],
  ["\u001b[F", "end"],
  ["\u001b[4~", "end"],
];
const SEQUENCE = /^\u001b(\[[0-?]*[ -/]*[@-~]|O.)/;
const FIRST_LETTER = 96;
const ESCAPE = 27;

/** `q`, `up`, `ctrl-c`, `escape`; what no name is known of is left out. */
export function parseKeys(bytes: Uint8Array): string[] {
  const keys: string[] = [];
  let rest = new TextDecoder().decode(bytes);
  while (rest !== "") {
    const [sequence = ""] = SEQUENCE.exec(rest) ?? [];
    if (sequence !== "") {
      const known = SEQUENCES.find(([text]) => text === sequence);
      if (known !== undefined) keys.push(known[1]);
      rest = rest.slice(sequence.length);
      continue;
    }
    const code = rest.charCodeAt(0);
    if (code === ESCAPE) keys.push("escape");
    else keys.push(code < 32 ? `ctrl-${String.fromCharCode(FIRST_LETTER + code)}` : rest.charAt(0));
    rest = rest.slice(1);
  }
  return keys;
}

/** How many lines a key goes on by; undefined where it is none of those. @param page that fit at once */
export function stepOf(key: string, page: number): number | undefined {
  switch (key) {
    case "up":
    case "k":
      return -1;
    case "down":
    case "j":
      return 1;
    case "page-up":
      return -page;
    case "page-down":
      return page;
    case "home":
      return -Infinity;
    case "end":
      return Infinity;
    default:
      return undefined;
  }
}
