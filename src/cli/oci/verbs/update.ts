// `update`: its flags, or the file of --resources, as the engine's resources.
import { updateContainer, type Resources, type UpdateOptions } from "../../../engine/oci/update.ts";
import { readRest, readText } from "../../../../ffi/files.ts";
import { UserError } from "../../../errors.ts";
import { parseSize } from "../../values/size.ts";
import type { Line } from "../parse.ts";
import type { Verb } from "../verb.ts";

/** `update`. */
export const updateVerb: Verb = {
  name: "update",
  flags: {
    resources: "text",
    "blkio-weight": "int",
    "cpu-period": "text",
    "cpu-quota": "text",
    "cpu-burst": "text",
    "cpu-share": "text",
    "cpu-rt-period": "text",
    "cpu-rt-runtime": "text",
    "cpuset-cpus": "text",
    "cpuset-mems": "text",
    "kernel-memory": "text",
    "kernel-memory-tcp": "text",
    memory: "text",
    "cpu-idle": "text",
    "memory-reservation": "text",
    "memory-swap": "text",
    "pids-limit": "int",
    "l3-cache-schema": "text",
    "mem-bw-schema": "text",
  },
  aliases: { r: "resources" },
  operands: [1, 1],
  run: async (line, { globals }) => {
    await updateContainer(updateOptions(line), globals);
    return 0;
  },
};

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** @throws UserError for a value that is none */
export function updateOptions(line: Line): UpdateOptions {
  const file = line.text("resources");
  const options: Writable<UpdateOptions> = {
    id: line.operands[0] ?? "",
    resources: file === "" ? resourcesOf(line) : readResources(file),
  };
  const cache = line.text("l3-cache-schema");
  const bandwidth = line.text("mem-bw-schema");
  if (cache !== "") options.l3CacheSchema = cache;
  if (bandwidth !== "") options.memoryBandwidthSchema = bandwidth;
  return options;
}

const STDIN = 0;

/** The text of a file, or of stdin for "-"; the flags do not count then. */
function readResources(file: string): string {
  return file === "-" ? readRest(STDIN, "stdin") : readText(file);
}

/** The resources that the flags give, with nothing that was not given. */
function resourcesOf(line: Line): Resources {
  const cpu = {
    ...unsigned(line, "cpu-share", "shares"),
    ...signed(line, "cpu-quota", "quota"),
    ...unsigned(line, "cpu-burst", "burst"),
    ...unsigned(line, "cpu-period", "period"),
    ...signed(line, "cpu-rt-runtime", "realtimeRuntime"),
    ...unsigned(line, "cpu-rt-period", "realtimePeriod"),
    ...text(line, "cpuset-cpus", "cpus"),
    ...text(line, "cpuset-mems", "mems"),
    ...signed(line, "cpu-idle", "idle"),
  };
  const memory = {
    ...size(line, "memory", "limit"),
    ...size(line, "memory-reservation", "reservation"),
    ...size(line, "memory-swap", "swap"),
    ...size(line, "kernel-memory", "kernel"),
    ...size(line, "kernel-memory-tcp", "kernelTCP"),
  };
  const weight = line.int("blkio-weight");
  return {
    cpu,
    memory,
    ...(weight !== 0 && { blockIO: { weight } }),
    ...(line.has("pids-limit") && { pids: { limit: line.int("pids-limit") } }),
  };
}

type Field<Key extends string, Value> = { readonly [K in Key]?: Value };

function text<Key extends string>(line: Line, flag: string, key: Key): Field<Key, string> {
  const value = line.text(flag);
  return value === "" ? {} : field(key, value);
}

function unsigned<Key extends string>(line: Line, flag: string, key: Key): Field<Key, number> {
  return integer(line, flag, key, /^\d+$/);
}

function signed<Key extends string>(line: Line, flag: string, key: Key): Field<Key, number> {
  return integer(line, flag, key, /^[+-]?\d+$/);
}

function integer<Key extends string>(
  line: Line,
  flag: string,
  key: Key,
  form: RegExp,
): Field<Key, number> {
  const given = line.text(flag);
  if (given === "") return {};
  if (form.test(given)) return field(key, Number(given));
  throw new UserError(`invalid value for ${flag}: must be a whole number: got "${given}"`);
}

/** In bytes, with docker's units; -1 is no limit. */
function size<Key extends string>(line: Line, flag: string, key: Key): Field<Key, number> {
  const given = line.text(flag);
  if (given === "") return {};
  try {
    return field(key, given === "-1" ? -1 : parseSize(given));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`invalid value for ${flag}: ${error.message}`);
  }
}

function field<Key extends string, Value>(key: Key, value: Value): Field<Key, Value> {
  const made: { [K in Key]?: Value } = {};
  made[key] = value;
  return made;
}
