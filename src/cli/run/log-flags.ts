// The flags of `run` about what becomes of the container's output, and about leaving it.
import type { LogOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import type { FlagTable } from "../flag.ts";
import { splitPair } from "../values/pair.ts";
import { parseSize } from "../values/size.ts";
import type { RunDraft } from "./draft.ts";

const group = "Program";

export const logFlags: FlagTable<RunDraft> = {
  attach: {
    type: "list",
    short: "a",
    group,
    help: "Attach to STDIN, STDOUT or STDERR",
    set: (draft, text) => {
      const stream = text.toLowerCase();
      if (!["stdin", "stdout", "stderr"].includes(stream)) {
        throw new UserError("valid streams are STDIN, STDOUT and STDERR");
      }
      draft.options.attach = [...(draft.options.attach ?? []), stream];
    },
  },
  "detach-keys": {
    type: "text",
    group,
    placeholder: "keys",
    fallback: "ctrl-p,ctrl-q",
    help: "Override the key sequence for detaching a container",
    set: (draft, text) => {
      draft.options.detachKeys = text;
    },
  },
  "sig-proxy": {
    type: "bool",
    group,
    fallback: "true",
    help: "Proxy received signals to the process",
    set: (draft, value) => {
      draft.options.sigProxy = value;
    },
  },
  "log-driver": {
    type: "text",
    ignoresEmpty: true,
    group,
    placeholder: "driver",
    fallback: "json-file",
    help: "Logging driver for the container: json-file, local, none",
    set: (draft, text) => {
      draft.options.log = { ...draft.options.log, driver: parseDriver(text) };
    },
  },
  "log-opt": {
    type: "list",
    group,
    placeholder: "KEY=VALUE",
    help: "Log driver options: max-size, max-file, tag",
    set: (draft, text) => {
      const [key, value] = splitPair(text);
      const { log } = draft.options;
      const given = { ...log?.given, [key]: value };
      draft.options.log = { driver: "json-file", ...log, ...parseLogOption(key, value), given };
    },
  },
};

function parseDriver(text: string): LogOption["driver"] {
  if (text === "json-file" || text === "local" || text === "none") return text;
  if (text === "syslog" || text === "journald") {
    throw new UserError(
      `the ${text} driver is not there: bunker keeps logs in files of its own`,
      "leave --log-driver out, and send on what `bunker logs -f` prints",
    );
  }
  throw new UserError(`error looking up logging plugin ${text}: plugin "${text}" not found`);
}

/** docker's options of json-file and local. */
function parseLogOption(key: string, value: string): Partial<LogOption> {
  switch (key) {
    case "max-size":
      return { maxBytes: parseSize(value) };
    case "max-file":
      if (!/^[1-9][0-9]{0,3}$/.test(value)) {
        throw new UserError(`max-file must be a number from 1 to 9999: got "${value}"`);
      }
      return { maxFiles: Number(value) };
    // What is told of each line by `logs --details`.
    case "tag":
    case "labels":
    case "labels-regex":
    case "env":
    case "env-regex":
      return {};
    // How docker keeps old files, and whom it waits for: there is nothing to choose.
    case "compress":
    case "mode":
      return {};
    default:
      throw new UserError(`unknown log opt '${key}' for json-file log driver`);
  }
}
