// `--change`: instructions of a Dockerfile that change an image's configuration. Pure.

import { UserError } from "../../errors.ts";
import type { ContainerConfig, Healthcheck } from "../../image/types.ts";
import { parseSpan } from "../parse-span.ts";

/** The configuration after one instruction. @throws UserError for one that cannot be */
export function applyInstruction(config: ContainerConfig, line: string): ContainerConfig {
  const [, word = "", rest = ""] = /^\s*(\S+)\s*([\s\S]*?)\s*$/.exec(line) ?? [];
  switch (word.toUpperCase()) {
    case "CMD":
      return { ...config, Cmd: parseCommand(rest, config) };
    case "ENTRYPOINT":
      return { ...config, Entrypoint: parseCommand(rest, config) };
    case "ENV":
      return { ...config, Env: setVariables(config.Env ?? [], parsePairs(rest, word)) };
    case "LABEL":
      return { ...config, Labels: { ...config.Labels, ...parseLabels(rest, word) } };
    case "EXPOSE":
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...parsePorts(rest) } };
    case "VOLUME":
      return { ...config, Volumes: { ...config.Volumes, ...asKeys(parseList(rest)) } };
    case "USER":
      return { ...config, User: requireText(rest, word) };
    case "WORKDIR":
      return { ...config, WorkingDir: joinPath(config.WorkingDir ?? "/", requireText(rest, word)) };
    case "STOPSIGNAL":
      return { ...config, StopSignal: requireText(rest, word) };
    case "ONBUILD":
      return { ...config, OnBuild: [...(config.OnBuild ?? []), requireText(rest, word)] };
    case "HEALTHCHECK":
      return { ...config, Healthcheck: parseHealthcheck(rest) };
    case "SHELL":
      return { ...config, Shell: parseArray(rest) ?? [] };
    default:
      throw new UserError(
        `${word.toLowerCase()} is not a valid change command`,
        "CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, SHELL, STOPSIGNAL, USER, VOLUME, WORKDIR",
        1,
      );
  }
}

/** A JSON list is the command itself; anything else a line for the shell. */
function parseCommand(text: string, { Shell }: ContainerConfig): readonly string[] {
  const words = parseArray(text);
  if (words !== undefined) return words;
  return text === "" ? [] : [...(Shell ?? ["/bin/sh", "-c"]), text];
}

type HealthFlag = "Interval" | "Timeout" | "StartPeriod" | "StartInterval" | "Retries";

const HEALTH_FLAGS: Readonly<Record<string, HealthFlag>> = {
  interval: "Interval",
  timeout: "Timeout",
  "start-period": "StartPeriod",
  "start-interval": "StartInterval",
  retries: "Retries",
};

/** `NONE`, or flags and `CMD` with a command. */
function parseHealthcheck(text: string): Healthcheck {
  const numbers: Partial<Record<HealthFlag, number>> = {};
  let rest = text;
  for (;;) {
    const [whole = "", name = "", value = ""] = /^--([a-z-]+)=(\S*)\s*/.exec(rest) ?? [];
    if (whole === "") break;
    const flag = HEALTH_FLAGS[name];
    if (flag === undefined) throw new UserError(`unknown flag: ${name}`, undefined, 1);
    numbers[flag] = flag === "Retries" ? parseRetries(value) : parseNanoseconds(value);
    rest = rest.slice(whole.length);
  }
  const [, kind = "", command = ""] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? [];
  if (kind.toUpperCase() === "NONE") return { Test: ["NONE"] };
  if (kind.toUpperCase() !== "CMD") {
    const message = `Unknown type "${kind.toUpperCase()}" in HEALTHCHECK (try CMD)`;
    throw new UserError(message, undefined, 1);
  }
  const words = parseArray(command);
  if (words === undefined) return { ...numbers, Test: ["CMD-SHELL", requireCommand(command)] };
  return { ...numbers, Test: ["CMD", ...words] };
}

function requireCommand(text: string): string {
  if (text !== "") return text;
  throw new UserError("Missing command after HEALTHCHECK CMD", undefined, 1);
}

function parseRetries(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UserError(`--retries must be a number: got "${text}"`, undefined, 1);
}

const NANOSECONDS_PER_MS = 1e6;

function parseNanoseconds(text: string): number {
  const span = parseSpan(text, NANOSECONDS_PER_MS);
  if (span !== undefined) return span;
  throw new UserError(`invalid duration "${text}"`, "for example 30s or 1m30s", 1);
}

function parseArray(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const isWords = Array.isArray(value) && value.every((word) => typeof word === "string");
    return isWords ? value : undefined;
  } catch {
    return undefined;
  }
}

/** `KEY=VALUE KEY2="a b"`, or `KEY VALUE` for one. */
function parsePairs(text: string, word: string): (readonly [string, string])[] {
  const [first = ""] = splitWords(text);
  if (first === "") throw new UserError(`${word} must have arguments`, undefined, 1);
  if (!first.includes("=")) {
    const [, key = "", value = ""] = /^(\S+)\s*([\s\S]*)$/.exec(text) ?? [];
    return [[key, value]];
  }
  return splitWords(text).map((pair) => {
    const equals = pair.indexOf("=");
    if (equals > 0) return [pair.slice(0, equals), pair.slice(equals + 1)] as const;
    throw new UserError(
      `Syntax error - can't find = in "${pair}". Must be of the form: name=value`,
    );
  });
}

/** Words as a Dockerfile has them: quotes hold spaces, a backslash takes the next sign. */
function splitWords(text: string): string[] {
  const words: string[] = [];
  const pattern = /(?:"(?:[^"\\]|\\.)*"|'[^']*'|\\.|[^\s"'\\])+/g;
  for (const [word] of text.matchAll(pattern)) {
    words.push(
      word.replace(/"((?:[^"\\]|\\.)*)"|'([^']*)'|\\(.)/g, (_whole, double, single, escaped) =>
        typeof double === "string"
          ? double.replace(/\\(.)/g, "$1")
          : String(single ?? escaped ?? ""),
      ),
    );
  }
  return words;
}

function setVariables(
  env: readonly string[],
  pairs: readonly (readonly [string, string])[],
): readonly string[] {
  const values = new Map(env.map((entry) => [entry.split("=", 1)[0] ?? "", entry]));
  for (const [key, value] of pairs) values.set(key, `${key}=${value}`);
  return [...values.values()];
}

function parseLabels(text: string, word: string): Record<string, string> {
  return Object.fromEntries(parsePairs(text, word));
}

function parsePorts(text: string): Record<string, object> {
  const ports = splitWords(text).flatMap((word) => {
    const [range = "", protocol = "tcp"] = word.toLowerCase().split("/");
    const [, from = "", to = from] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    if (from === "" || Number(to) > 65_535 || !/^(tcp|udp|sctp)$/.test(protocol)) {
      throw new UserError(`invalid containerPort: ${word}`, undefined, 1);
    }
    const count = Number(to) - Number(from) + 1;
    return Array.from({ length: count }, (_, index) => `${Number(from) + index}/${protocol}`);
  });
  return asKeys(ports);
}

function parseList(text: string): readonly string[] {
  return parseArray(text) ?? splitWords(text);
}

function asKeys(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

function requireText(text: string, word: string): string {
  if (text !== "") return text;
  throw new UserError(`${word.toUpperCase()} requires exactly one argument`, undefined, 1);
}

function joinPath(folder: string, path: string): string {
  if (path.startsWith("/")) return path;
  return `${folder === "/" ? "" : folder}/${path}`;
}
