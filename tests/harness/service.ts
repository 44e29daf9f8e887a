// A cgroup of a test's own, as systemd makes one for a service: with the service all that is in there ends,
// whatever it was started for.

import { existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { eventually } from "./eventually.ts";

/** systemd.kill(5): KillMode=control-group. */
export class Service implements Disposable {
  readonly #folder: string;
  /** The words before a command that is to run in it. */
  readonly prefix: readonly string[];

  constructor(name: string) {
    const roots = ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup"];
    const root = roots.find((path) => existsSync(`${path}/cgroup.procs`));
    this.#folder = `${root}/bunker-test-${name}-${process.pid}`;
    mkdirSync(this.#folder);
    this.prefix = ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', this.#folder];
  }

  #pids(): number[] {
    const text = readFileSync(`${this.#folder}/cgroup.procs`, "utf8");
    return text.split("\n").filter(Boolean).map(Number);
  }

  async end(): Promise<void> {
    await eventually(() => {
      for (const pid of this.#pids()) process.kill(pid, "SIGKILL");
      return this.#pids().length === 0;
    });
  }

  [Symbol.dispose](): void {
    rmdirSync(this.#folder);
  }
}
