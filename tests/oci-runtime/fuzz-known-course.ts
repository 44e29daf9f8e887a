// Gives broken config.json files to `create` of a bundle that has a prelude: what is said of them, and what is
// left, is as of a bundle that nobody knows; and the whole one is there again once it is what it was.
//
// config.json is a symlink, so that the whole one stays the file that it was.

import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { makeDefaultSpec } from "../../src/engine/oci/spec.ts";
import { eventually } from "../harness/eventually.ts";
import { cgroupsBelow } from "../run/box.ts";
import { breakConfig, makeRandom } from "./fuzz.ts";
import type { Finding } from "./fuzz-course.ts";
import { findNewParents, removeParents } from "./fuzz-parents.ts";
import { type OciBox, WITHOUT_RUNTIME } from "./oci-box.ts";

const ID = "fuzzed-1";
const TIMEOUT_MS = 20_000;
const ROUNDS = 3;

interface Answer {
  readonly exitCode: unknown;
  readonly stderr: string;
}

export class FuzzKnownCourse implements Disposable {
  readonly #bundle: string;
  readonly #base: object;
  /** One mount namespace for all: a spec may ask for the caller's, and a prelude holds in its own. */
  readonly #home = Bun.spawn(["unshare", "--mount", "sleep", "infinity"], { stdin: "ignore" });

  constructor(readonly box: OciBox) {
    this.#bundle = box.box.path("fuzz-known");
    mkdirSync(this.#bundle);
    const spec = makeDefaultSpec({ cgroupNamespace: false });
    this.#base = {
      ...spec,
      process: { ...spec.process, terminal: false, args: ["/bin/sh", "-c", "exit 0"] },
      root: { path: box.box.rootfs },
      linux: { ...spec.linux, cgroupsPath: `${box.cgroup}/fuzzed` },
    };
    writeFileSync(`${this.#bundle}/whole.json`, JSON.stringify(this.#base));
  }

  async take(first: number, count: number): Promise<Finding[]> {
    const findings: Finding[] = [];
    this.#point("whole.json");
    const place = (pid: number): string => readlinkSync(`/proc/${pid}/ns/mnt`);
    await eventually(() => place(this.#home.pid) !== place(process.pid));
    for (let round = 0; round < ROUNDS; round++) await this.#tryWhole();
    const { exitCode } = await this.#create({}, WITHOUT_RUNTIME);
    if (exitCode !== 0) return [{ seed: 0, problem: "there is no prelude" }];
    for (let seed = first; seed < first + count; seed++) {
      const problem = await this.#tryOne(seed);
      if (problem !== undefined) findings.push({ seed, problem });
    }
    return findings;
  }

  async #tryOne(seed: number): Promise<string | undefined> {
    const file = `broken-${seed}.json`;
    const config = breakConfig(this.#base, makeRandom(seed));
    writeFileSync(`${this.#bundle}/${file}`, config);
    this.#point(file);
    const parents = findNewParents(config);
    // What looks like a variable of systemd's is the runtime's to read.
    const wanted = await this.#create({ LISTEN_TO: "nobody" });
    const found = await this.#create({});
    removeParents(parents, this.box.cgroup);
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      return `with a prelude ${JSON.stringify(found)}, without one ${JSON.stringify(wanted)}`;
    }
    this.#point("whole.json");
    return await this.#tryWhole();
  }

  #point(file: string): void {
    rmSync(`${this.#bundle}/config.json`, { force: true });
    symlinkSync(file, `${this.#bundle}/config.json`);
  }

  async #tryWhole(): Promise<string | undefined> {
    const { exitCode, stderr } = await this.#create({});
    return exitCode === 0 ? undefined : `the whole one: ${String(exitCode)} ${stderr}`;
  }

  /** What is said, without the time; what is left is said as well. */
  async #create(
    env: Readonly<Record<string, string>>,
    limit: readonly string[] = [],
  ): Promise<Answer> {
    const said = this.box.box.path("fuzz-known-said");
    const script = `exec "$@" </dev/null >/dev/null 2>${said}`;
    const enter = ["nsenter", `--mount=/proc/${this.#home.pid}/ns/mnt`];
    const prefix = [...enter, ...limit, "sh", "-c", script, "sh"];
    const options = { env, prefix, timeoutMs: TIMEOUT_MS };
    const words = ["create", "--bundle", this.#bundle, ID];
    const exitCode = await this.box.oci(words, options).then((outcome) => outcome.exitCode, String);
    const stderr = readFileSync(said, "utf8").replace(/^time="[^"]*"/gm, "");
    const deleted = await this.box.oci(["delete", "--force", ID], { prefix: enter });
    const left = existsSync(`${this.box.root}/${ID}`) ? " its state is left" : "";
    const cgroups = cgroupsBelow(this.box.cgroup).join(" ");
    return { exitCode, stderr: `${stderr}${deleted.stderr}${left}${cgroups}` };
  }

  [Symbol.dispose](): void {
    this.#home.kill("SIGKILL");
  }
}
