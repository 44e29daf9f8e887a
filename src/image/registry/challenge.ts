// WWW-Authenticate: what a registry wants to see before it answers. RFC 9110, 11.6.1; the Bearer
// parameters are those of https://distribution.github.io/distribution/spec/auth/token/

/** One scheme that the registry offers, with its parameters; both in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"((?:[^"\\\\]|\\\\.)*)"';
const PARAMETER = new RegExp(`\\s*(${TOKEN})\\s*=\\s*(?:${QUOTED}|(${TOKEN}))\\s*(?:,|$)`, "y");
const SCHEME = new RegExp(`[\\s,]*(${TOKEN})(?:\\s*,|\\s+|$)`, "y");
/** Longer headers are not looked at. */
const LENGTH_MAX = 16 * 1024;

/** The challenges of a header, as far as they can be read; of several, headers are joined by commas. */
export function parseChallenges(header: string | null): Challenge[] {
  if (header === null || header.length > LENGTH_MAX) return [];
  const challenges: Challenge[] = [];
  let place = 0;
  while (place < header.length) {
    const scheme = matchAt(SCHEME, header, place);
    if (scheme === undefined) break;
    place = scheme.end;
    const parameters = new Map<string, string>();
    for (;;) {
      const found = matchAt(PARAMETER, header, place);
      if (found === undefined) break;
      const [, name = "", quoted, plain] = found.match;
      parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "");
      place = found.end;
    }
    challenges.push({ scheme: (scheme.match[1] ?? "").toLowerCase(), parameters });
  }
  return challenges;
}

function matchAt(
  pattern: RegExp,
  text: string,
  place: number,
): { match: RegExpExecArray; end: number } | undefined {
  pattern.lastIndex = place;
  const match = pattern.exec(text);
  return match === null ? undefined : { match, end: pattern.lastIndex };
}
