// The same container for the peers: the config.json that bunker makes for its own run, written to a
// bundle, with the default seccomp profile as docker would spell it out.

import { mkdirSync, writeFileSync } from "node:fs";
import { release } from "node:os";
import { libcFiles } from "../src/cli/libc-files.ts";
import { main } from "../src/cli/main.ts";
import { makeProcessContext } from "../src/cli/process-context.ts";
import { type Prepared, prepare } from "../src/engine/prepare.ts";
import type { RunOptions } from "../src/engine/run-options.ts";
import type { Spec } from "../src/oci/spec.ts";
import { defaultProfile } from "../src/seccomp/default-profile.ts";

/** Every namespace but user and time, and two limits. */
const RUN_FLAGS = "--rm --network none --cgroupns private --pids-limit 100 --memory 64m";

/** crun 1.8 refuses a later one; nothing in the bundle is newer. */
const OLDEST_VERSION = "1.0.0";

export type Seccomp = "default" | "unconfined";

/** The command line of one run, without the program's name. */
export function runArguments(
  rootfs: string,
  seccomp: Seccomp,
  command: readonly string[],
): string[] {
  const option = seccomp === "default" ? [] : ["--security-opt", `seccomp=${seccomp}`];
  return ["run", ...RUN_FLAGS.split(" "), ...option, "--rootfs", rootfs, ...command];
}

/**
 * Writes the bundle of that very run; the files that stand for three of /etc lie beside it.
 * @param name its folder in `folder`, and its cgroup
 */
export async function writeBundle(
  folder: string,
  name: string,
  runArgs: readonly string[],
  seccomp: boolean,
): Promise<string> {
  const bundle = `${folder}/${name}`;
  mkdirSync(bundle);
  const { spec, etcFiles } = await prepareRun(runArgs, name, bundle);
  for (const file of etcFiles) writeFileSync(`${bundle}/${file.name}`, file.text);
  const config = { ...(seccomp ? withProfile(spec) : spec), ociVersion: OLDEST_VERSION };
  writeFileSync(`${bundle}/config.json`, JSON.stringify(config));
  return bundle;
}

/** Everything of `run` up to where it would change something. */
async function prepareRun(
  runArgs: readonly string[],
  id: string,
  bundle: string,
): Promise<Prepared> {
  const seen: RunOptions[] = [];
  const none = (): Promise<number> => Promise.reject(new Error("not a run"));
  const engine = {
    runContainer: (options: RunOptions) => Promise.resolve(seen.push(options)),
    explainRun: none,
    unshare: none,
    enterNamespaces: none,
    clone: none,
    containers: () => Promise.reject(new Error("not a run")),
    images: () => Promise.reject(new Error("not a run")),
    networks: () => Promise.reject(new Error("not a run")),
    volumes: () => Promise.reject(new Error("not a run")),
    system: () => Promise.reject(new Error("not a run")),
  };
  await main(runArgs, makeProcessContext(engine, libcFiles));
  const [options] = seen;
  if (options === undefined) throw new Error(`bunker refuses: ${runArgs.join(" ")}`);
  return prepare(options, id, bundle);
}

function withProfile(spec: Spec): Spec {
  const [major = 0, minor = 0] = release().split(".").map(Number);
  const profile = defaultProfile({
    arch: process.arch === "arm64" ? "aarch64" : "x86_64",
    kernel: [major, minor],
    capabilities: spec.process?.capabilities?.bounding ?? [],
  });
  return { ...spec, linux: { ...spec.linux, seccomp: profile } };
}
