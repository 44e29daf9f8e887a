// `exec`: its flags as the engine's options.
import { readText } from "../../../../ffi/files.ts";
import { execInContainer } from "../../../engine/oci/exec.ts";
import type { ExecOptions } from "../../../engine/oci/options.ts";
import { UserError } from "../../../errors.ts";
import { preserveFds } from "../create-flags.ts";
import type { Line } from "../parse.ts";
import { absolutePath } from "../paths.ts";
import type { Verb } from "../verb.ts";

/** `exec`. */
export const execVerb: Verb = {
  name: "exec",
  flags: {
    "console-socket": "text",
    "pidfd-socket": "text",
    cwd: "text",
    env: "list",
    tty: "bool",
    user: "text",
    "additional-gids": "list",
    process: "text",
    detach: "bool",
    "pid-file": "text",
    "process-label": "text",
    apparmor: "text",
    "no-new-privs": "bool",
    cap: "list",
    "preserve-fds": "int",
    cgroup: "list",
    "ignore-paused": "bool",
  },
  aliases: {
    e: "env",
    t: "tty",
    u: "user",
    g: "additional-gids",
    p: "process",
    d: "detach",
    c: "cap",
  },
  stopsAtOperand: true,
  operands: [1, Infinity],
  failure: "exec failed",
  run: (line, { globals }) => execInContainer(execOptions(line), globals),
};

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** @throws UserError */
function execOptions(line: Line): ExecOptions {
  const [id = "", ...args] = line.operands;
  const options: Writable<ExecOptions> = {
    id,
    args,
    env: line.list("env"),
    additionalGids: additionalGids(line),
    tty: line.bool("tty"),
    capabilities: line.list("cap"),
    noNewPrivileges: line.bool("no-new-privs"),
    cgroups: line.list("cgroup"),
    ignorePaused: line.bool("ignore-paused"),
    detach: line.bool("detach"),
    preserveFds: preserveFds(line),
  };
  setTexts(options, line);
  setPaths(options, line);
  if (options.process === undefined && args.length === 0) {
    throw new UserError("exec args cannot be empty");
  }
  return options;
}

function setTexts(options: Writable<ExecOptions>, line: Line): void {
  const [cwd, user] = [line.text("cwd"), line.text("user")];
  const [apparmor, processLabel] = [line.text("apparmor"), line.text("process-label")];
  if (cwd !== "") options.cwd = cwd;
  if (user !== "") options.user = parseUser(user);
  if (apparmor !== "") options.apparmor = apparmor;
  if (processLabel !== "") options.processLabel = processLabel;
}

function setPaths(options: Writable<ExecOptions>, line: Line): void {
  const [process, pidFile] = [line.text("process"), line.text("pid-file")];
  const [consoleSocket, pidfdSocket] = [line.text("console-socket"), line.text("pidfd-socket")];
  if (process !== "") options.process = readProcess(absolutePath(process));
  if (pidFile !== "") options.pidFile = absolutePath(pidFile);
  if (consoleSocket !== "") options.consoleSocket = absolutePath(consoleSocket);
  if (pidfdSocket !== "") options.pidfdSocket = absolutePath(pidfdSocket);
}

const readProcess = (path: string): NonNullable<ExecOptions["process"]> => ({
  path,
  text: readText(path),
});

const UINT32_MAX = 0xffff_ffff;

/** `uid` or `uid:gid`, in numbers: a name would have to be looked up in a file of the container's. */
function parseUser(text: string): NonNullable<ExecOptions["user"]> {
  const colon = text.indexOf(":");
  if (colon < 0) return { uid: parseId(text, "uid") };
  return { uid: parseId(text.slice(0, colon), "uid"), gid: parseId(text.slice(colon + 1), "gid") };
}

function parseId(text: string, what: string): number {
  const id = /^\d+$/.test(text) ? Number(text) : NaN;
  if (id <= UINT32_MAX) return id;
  throw new UserError(`bad ${what}: must be a number from 0 to ${UINT32_MAX}: got "${text}"`);
}

function additionalGids(line: Line): number[] {
  const gids: number[] = [];
  for (const text of line.list("additional-gids")) gids.push(parseId(text, "additional-gids"));
  return gids;
}
