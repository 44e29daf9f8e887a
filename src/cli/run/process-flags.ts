// The flags of `run` about the container's program and how the caller is joined to it.
import { UserError } from "../../errors.ts";
import type { FlagTable } from "../flag.ts";
import { parseEnv } from "../values/environment.ts";
import { parseGroup, parseHostname, parseName, parseUser } from "../values/name.ts";
import { resolvePath } from "../values/path.ts";
import { parseRestart } from "../values/restart.ts";
import { parseSignal } from "../values/signal.ts";
import { parseUlimit } from "../values/ulimit.ts";
import type { RunDraft } from "./draft.ts";

const container = "Container";
const program = "Program";

export const processFlags: FlagTable<RunDraft> = {
  name: {
    type: "text",
    ignoresEmpty: true,
    group: container,
    help: "Assign a name to the container",
    set: (draft, text) => {
      draft.options.name = parseName(text);
    },
  },
  hostname: {
    type: "text",
    ignoresEmpty: true,
    short: "h",
    group: container,
    help: "Container host name",
    set: (draft, text) => {
      draft.options.hostname = parseHostname(text);
    },
  },
  domainname: {
    type: "text",
    ignoresEmpty: true,
    group: container,
    help: "Container NIS domain name",
    set: (draft, text) => {
      draft.options.domainname = parseHostname(text);
    },
  },
  detach: {
    type: "bool",
    short: "d",
    group: container,
    help: "Run container in background and print container ID",
    set: (draft, value) => {
      draft.options.detach = value;
    },
  },
  restart: {
    type: "text",
    ignoresEmpty: true,
    group: container,
    placeholder: "policy",
    help: "Restart policy to apply when a container exits: no, on-failure[:N], always, unless-stopped",
    set: (draft, text) => {
      draft.options.restart = parseRestart(text);
    },
  },
  rm: {
    type: "bool",
    group: container,
    help: "Automatically remove the container when it exits",
    set: (draft, value) => {
      draft.options.remove = value;
    },
  },
  runtime: {
    type: "text",
    ignoresEmpty: true,
    group: container,
    help: "Runtime to use for this container: bunker is one, and docker's default stands for it",
    set: (_draft, text) => requireOwnRuntime(text),
  },
  cidfile: {
    type: "text",
    ignoresEmpty: true,
    group: container,
    placeholder: "file",
    help: "Write the container ID to the file",
    set: (draft, text) => {
      draft.options.cidfile = resolvePath(text, () => draft.context.cwd());
    },
  },
  pidfile: {
    type: "text",
    ignoresEmpty: true,
    group: container,
    placeholder: "file",
    help: "Write the process ID of the container's program to the file",
    set: (draft, text) => {
      draft.options.pidfile = resolvePath(text, () => draft.context.cwd());
    },
  },
  interactive: {
    type: "bool",
    short: "i",
    group: program,
    help: "Keep STDIN open",
    set: (draft, value) => {
      draft.options.interactive = value;
    },
  },
  tty: {
    type: "bool",
    short: "t",
    group: program,
    help: "Allocate a pseudo-TTY",
    set: (draft, value) => {
      draft.options.tty = value;
    },
  },
  env: {
    type: "list",
    short: "e",
    group: program,
    placeholder: "KEY[=VALUE]",
    help: "Set environment variables; without a value, pass on the caller's",
    set: (draft, text) => {
      const entry = parseEnv(text, draft.context.env);
      if (entry !== undefined) draft.options.env.push(entry);
    },
  },
  "env-file": {
    type: "list",
    group: program,
    placeholder: "file",
    help: "Read in a file of environment variables",
    set: (draft, text) => {
      draft.envFiles.push(text);
    },
  },
  workdir: {
    type: "text",
    ignoresEmpty: true,
    short: "w",
    group: program,
    placeholder: "path",
    help: "Working directory inside the container",
    set: (draft, text) => {
      if (!text.startsWith("/")) {
        throw new UserError(
          `the working directory '${text}' is invalid, it needs to be an absolute path`,
        );
      }
      draft.options.workdir = resolvePath(text, "/");
    },
  },
  user: {
    type: "text",
    ignoresEmpty: true,
    short: "u",
    group: program,
    placeholder: "USER[:GROUP]",
    help: "Name or UID, of the container's passwd",
    set: (draft, text) => {
      draft.options.user = parseUser(text);
    },
  },
  "group-add": {
    type: "list",
    group: program,
    placeholder: "group",
    help: "Add additional groups to join",
    set: (draft, text) => {
      draft.options.groupAdd.push(parseGroup(text));
    },
  },
  entrypoint: {
    type: "text",
    group: program,
    help: "Overwrite the default ENTRYPOINT of the image; empty: have none",
    set: (draft, text) => {
      draft.options.entrypoint = text === "" ? [] : [text];
    },
  },
  init: {
    type: "bool",
    group: program,
    help: "Run an init inside the container that forwards signals and reaps processes",
    set: (draft, value) => {
      draft.options.init = value;
    },
  },
  "stop-signal": {
    type: "text",
    ignoresEmpty: true,
    group: program,
    placeholder: "signal",
    help: "Signal to stop the container",
    set: (draft, text) => {
      draft.options.stopSignal = parseSignal(text);
    },
  },
  "stop-timeout": {
    type: "int",
    group: program,
    help: "Timeout (in seconds) to stop a container",
    set: (draft, value) => {
      draft.options.stopTimeoutS = value;
    },
  },
  ulimit: {
    type: "list",
    group: program,
    placeholder: "NAME=SOFT[:HARD]",
    help: "Resource limit of the program, -1 for none",
    set: (draft, text) => {
      draft.options.ulimits.push(parseUlimit(text));
    },
  },
};

/** docker's names of the one that it has without being configured. */
const OWN_RUNTIMES = ["bunker", "runc", "io.containerd.runc.v2"];

function requireOwnRuntime(text: string): void {
  if (OWN_RUNTIMES.includes(text)) return;
  throw new UserError(
    `unknown or invalid runtime name: ${text}`,
    "bunker runs containers itself; as a runtime of docker's it is 'bunker oci'",
  );
}
