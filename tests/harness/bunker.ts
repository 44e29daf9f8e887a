// bunker as its users see it: a program with arguments, an exit code and two streams.

import { slowness } from "./tier.ts";

const PROJECT = new URL("../..", import.meta.url).pathname.replace(/\/$/, "");
const TIMEOUT_MS = 30_000;

/** No test makes a bridge on this host: whoever wants a network says so, and has namespaces of its own. */
export const WITHOUT_NETWORK = { BUNKER_NETWORK: "none" } as const;

/** How the program is started: as the executable that build.sh makes, or from source. */
export type UnderTest = "binary" | "bun" | "deno";

export interface BunkerOptions {
  /** What the program reads on stdin; nothing at all if left out. */
  readonly stdin?: string | Uint8Array;
  /** Added to the environment of the tests; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** After this long it is killed and the promise rejects; more where the CPU is emulated. */
  readonly timeoutMs?: number;
  /** A command that starts bunker, such as `["setpriv", "--reuid=1000"]`. */
  readonly prefix?: readonly string[];
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What this run of the tests looks at: `BUNKER_UNDER_TEST`, the executable by default. */
export function underTest(): UnderTest {
  const wanted = process.env["BUNKER_UNDER_TEST"] ?? "binary";
  if (wanted === "binary" || wanted === "bun" || wanted === "deno") return wanted;
  throw new Error(`BUNKER_UNDER_TEST must be binary, bun or deno: got ${wanted}`);
}

/** The words that start bunker, before its own arguments. */
export function bunkerCommand(): readonly string[] {
  const script = `${PROJECT}/mod.ts`;
  switch (underTest()) {
    case "binary":
      return [`${PROJECT}/dist/bunker`];
    case "bun":
      return [process.execPath, "run", script];
    case "deno":
      return ["deno", "run", "-A", "--quiet", script];
  }
}

/** The environment of the tests, without a network, with a test's own changes. */
function environment(changes: BunkerOptions["env"] = {}): Record<string, string | undefined> {
  return { ...process.env, ...WITHOUT_NETWORK, ...changes };
}

/**
 * How `bunker ARGS…` ended, killed by signal n as 128 + n. Rejects with what it wrote so far only
 * where it does not end in time.
 */
export async function bunker(
  args: readonly string[],
  options: BunkerOptions = {},
): Promise<Outcome> {
  const command = [...(options.prefix ?? []), ...bunkerCommand(), ...args];
  const child = Bun.spawn(command, {
    stdin: options.stdin === undefined ? "ignore" : Buffer.from(options.stdin),
    stdout: "pipe",
    stderr: "pipe",
    env: environment(options.env),
    cwd: options.cwd ?? process.cwd(),
  });
  const timeoutMs = (options.timeoutMs ?? TIMEOUT_MS) * slowness();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, timeoutMs);
  const stdout = readAll(child.stdout, child.exited);
  const stderr = readAll(child.stderr, child.exited);
  const exitCode = await child.exited;
  clearTimeout(timer);
  const outcome = { exitCode, stdout: await stdout, stderr: await stderr };
  if (late) throw new Error(`no end after ${timeoutMs} ms: ${said(args, outcome)}`);
  return outcome;
}

const GRACE_MS = 2000;

/** The text of a stream up to its end, or up to a moment after the process' own. */
async function readAll(stream: ReadableStream<Uint8Array>, exited: Promise<unknown>) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  // Race: something in the container may outlive bunker and keep the pipe open for ever.
  const over = exited.then(() => Bun.sleep(GRACE_MS)).then(() => ({ value: undefined }));
  let text = "";
  for (;;) {
    const { value } = await Promise.race([reader.read(), over]);
    if (value === undefined) break;
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  return text + decoder.decode();
}

/** The stdout of a command that must succeed. Rejects with everything that it said otherwise. */
export async function bunkerOutput(
  args: readonly string[],
  options: BunkerOptions = {},
): Promise<string> {
  const outcome = await bunker(args, options);
  if (outcome.exitCode !== 0) throw new Error(said(args, outcome));
  return outcome.stdout;
}

function said(args: readonly string[], { exitCode, stdout, stderr }: Outcome): string {
  return `bunker ${args.join(" ")} ended with ${exitCode}\n${stdout}\n${stderr}`;
}

/**
 * A bunker that a test talks to while it runs, all three streams of `child` being pipes; killed
 * at the end of the scope (`await using`).
 */
export function startBunker(args: readonly string[], options: Omit<BunkerOptions, "stdin"> = {}) {
  const command = [...(options.prefix ?? []), ...bunkerCommand(), ...args];
  const child = Bun.spawn(command, {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "pipe",
    env: environment(options.env),
    cwd: options.cwd ?? process.cwd(),
  });
  return {
    child,
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
}
