// The name that a command line gives to a container in the background. Nothing that is performed has it
// in it, so that who gives another one each time, as scripts do, has made the same request.

export interface GivenName {
  readonly name: string;
  /** The command line with another name in its place; null stands for any. */
  withName(name: string): string[];
  withName(name: null): (string | null)[];
}

const FLAG = "--name";

/**
 * undefined where there is none, or none that is one. Whether those words are a flag and its value is for
 * who parses them: they may as well be the value of another flag, or of the program's.
 */
export function findGivenName(argv: readonly string[]): GivenName | undefined {
  if (!argv.includes("-d") && !argv.includes("--detach")) return undefined;
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] ?? "";
    if (!word.startsWith(FLAG)) continue;
    if (word.length === FLAG.length) return nameAt(argv, index + 1, "");
    if (word[FLAG.length] === "=") return nameAt(argv, index, `${FLAG}=`);
  }
  return undefined;
}

function nameAt(argv: readonly string[], index: number, before: string): GivenName | undefined {
  const name = argv[index]?.slice(before.length) ?? "";
  if (!isName(name)) return undefined;
  function withName(other: string): string[];
  function withName(other: null): (string | null)[];
  function withName(other: string | null): (string | null)[] {
    const words: (string | null)[] = argv.slice();
    words[index] = other === null ? null : `${before}${other}`;
    return words;
  }
  return { name, withName };
}

const OTHERS = "_.-";

/** docker's pattern: two characters at least. */
function isName(text: string): boolean {
  if (text.length < 2 || OTHERS.includes(text.charAt(0))) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code | 32) >= 97 && (code | 32) <= 122;
    if (!isLetter && !(code >= 48 && code <= 57) && !OTHERS.includes(text.charAt(i))) return false;
  }
  return true;
}
