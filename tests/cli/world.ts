// A world for the commands in which nothing is real: what they ask of the engine is written down.
import type { CommandContext } from "../../src/cli/command.ts";
import type { Engine } from "../../src/cli/engine.ts";

/** What a fake world is made of, and what happened in it. */
export interface World extends CommandContext {
  readonly calls: unknown[];
  readonly out: () => string;
  readonly err: () => string;
}

/**
 * Returns a world with two CPUs, the folder /home/me as the current one, and these paths.
 * @param files path → text; a path that ends in / is a folder
 * @param exitCode what every verb of the engine returns
 */
export function makeWorld(files: Readonly<Record<string, string>> = {}, exitCode = 0): World {
  const calls: unknown[] = [];
  const written = { out: "", err: "" };
  return {
    calls,
    out: () => written.out,
    err: () => written.err,
    engine: makeRecorder(calls, exitCode),
    env: { HOME: "/root", TERM: "xterm" },
    cwd: () => "/home/me",
    hostCpus: () => 2,
    kindOf: (path) => {
      if (path === "/" || `${path}/` in files) return "directory";
      return path in files ? "file" : undefined;
    },
    readText: (path) => files[path] ?? "",
    columns: () => 80,
    isTerminal: () => false,
    write: (text) => {
      written.out += text;
    },
    writeError: (text) => {
      written.err += text;
    },
  };
}

function makeRecorder(calls: unknown[], exitCode: number): Engine {
  const record =
    (verb: string) =>
    async (...values: unknown[]): Promise<number> => {
      calls.push([verb, ...values]);
      return exitCode;
    };
  return {
    runContainer: record("run"),
    explainRun: record("explain"),
    unshare: record("unshare"),
    enterNamespaces: record("nsenter"),
    clone: record("clone"),
    containers: async () => import("../../src/engine/containers/verbs.ts"),
    images: async () => import("../../src/engine/images/verbs.ts"),
    networks: async () => import("../../src/engine/networks/verbs.ts"),
    volumes: async () => import("../../src/engine/volumes/verbs.ts"),
    system: async () => import("../../src/engine/system/verbs.ts"),
  };
}
