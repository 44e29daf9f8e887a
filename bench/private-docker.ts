// A docker daemon that has nothing to do with the machine's: to be measured against.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { isProcessAlive } from "../ffi/agent/alive.ts";

const ATTEMPTS = 300;
/** For whoever measures nothing of networks: then it touches none of the machine's. */
const WITHOUT_NETWORK: readonly string[] = [
  "--bridge=none",
  "--iptables=false",
  "--ip6tables=false",
];

export class PrivateDocker implements Disposable {
  private constructor(
    private readonly socket: string,
    private readonly child: ChildProcess,
  ) {}

  /**
   * @param folder is made; everything of the daemon is in it
   * @param network flags; none for docker's own bridge and rules, in a network namespace of the caller's
   */
  static async start(
    folder: string,
    flags: readonly string[] = [],
    network: readonly string[] = WITHOUT_NETWORK,
  ): Promise<PrivateDocker> {
    mkdirSync(folder);
    const socket = `unix://${folder}/socket`;
    const places = ["--data-root", `${folder}/data`, "--exec-root", `${folder}/exec`];
    const args = ["-H", socket, "--pidfile", `${folder}/pid`, ...places, ...network, ...flags];
    const log = openSync(`${folder}/log`, "w");
    const child = spawn("dockerd", args, { stdio: ["ignore", log, log] });
    const docker = new PrivateDocker(socket, child);
    for (let i = 0; i < ATTEMPTS; i++) {
      if (spawnSync("docker", ["-H", socket, "version"]).status === 0) return docker;
      await sleep(100);
    }
    docker[Symbol.dispose]();
    throw new Error(`dockerd does not start: see ${folder}/log`);
  }

  command(...args: readonly string[]): string[] {
    return ["docker", "-H", this.socket, ...args];
  }

  /** What it printed. Throws where it failed. */
  run(...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync("docker", ["-H", this.socket, ...args], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`docker ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  [Symbol.dispose](): void {
    const { pid } = this.child;
    if (pid === undefined) return;
    this.child.kill("SIGTERM");
    // It ends its containerd, too; its folder can only be removed after that. It stays a zombie until
    // the event loop, which waits here, has reaped it.
    for (let i = 0; i < ATTEMPTS && isProcessAlive(pid); i++) Bun.sleepSync(100);
  }
}
