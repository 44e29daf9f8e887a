// `--env` and `--env-file`: docker's rules, in which quotes mean nothing.
import { UserError } from "../../errors.ts";
import { parseKeyFile } from "./key-file.ts";

/** A look into the caller's environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns `KEY=VALUE`; a bare KEY takes the caller's value, and is undefined without one. */
export function parseEnv(text: string, environment: Environment): string | undefined {
  if (text === "" || text.startsWith("=")) {
    throw new UserError(`invalid environment variable: ${text}`);
  }
  return text.includes("=") ? text : inherit(text, environment);
}

/** Returns the `KEY=VALUE` lines of an env-file; bare keys that the caller lacks are left out. */
export function parseEnvFile(content: string, environment: Environment): string[] {
  const lines: string[] = [];
  for (const line of parseKeyFile(content)) {
    const entry = line.includes("=") ? line : inherit(line, environment);
    if (entry !== undefined) lines.push(entry);
  }
  return lines;
}

function inherit(key: string, environment: Environment): string | undefined {
  const value = Object.hasOwn(environment, key) ? environment[key] : undefined;
  return value === undefined ? undefined : `${key}=${value}`;
}
