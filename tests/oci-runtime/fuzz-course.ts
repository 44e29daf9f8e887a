// Gives broken config.json files (fuzz.ts) to `create`, and looks what becomes of each: an answer in
// time, in words and not in a stack trace, and nothing left of it after `delete --force`.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { makeDefaultSpec } from "../../src/engine/oci/spec.ts";
import { cgroupsBelow } from "../run/box.ts";
import { breakConfig, makeRandom } from "./fuzz.ts";
import { findNewParents, removeParents } from "./fuzz-parents.ts";
import type { OciBox } from "./oci-box.ts";

const ID = "fuzz";
const TIMEOUT_MS = 20_000;

export interface Finding {
  readonly seed: number;
  readonly problem: string;
}

/** Broken copies of a spec that says something of nearly everything. */
export class FuzzCourse {
  readonly #bundle: string;
  readonly #base: object;
  /** How many of the broken ones were containers all the same. */
  created = 0;
  refused = 0;

  constructor(readonly box: OciBox) {
    this.#bundle = box.box.path("fuzz-bundle");
    mkdirSync(this.#bundle);
    this.#base = makeRichSpec(box);
  }

  /** The findings of `count` files, those of the seeds from `first` on. */
  async take(first: number, count: number): Promise<Finding[]> {
    const findings: Finding[] = [];
    for (let seed = first; seed < first + count; seed++) {
      const problem = await this.#tryOne(seed);
      if (problem !== undefined) findings.push({ seed, problem });
    }
    return findings;
  }

  async #tryOne(seed: number): Promise<string | undefined> {
    const config = breakConfig(this.#base, makeRandom(seed));
    writeFileSync(`${this.#bundle}/config.json`, config);
    const parents = findNewParents(config);
    const problem = await this.#create();
    const { exitCode, stderr } = await this.box.oci(["delete", "--force", ID]);
    removeParents(parents, this.box.cgroup);
    if (problem !== undefined) return problem;
    if (exitCode !== 0) return `delete --force: ${stderr}`;
    if (existsSync(`${this.box.root}/${ID}`)) return "its state is left";
    const [cgroup] = cgroupsBelow(this.box.cgroup);
    return cgroup === undefined ? undefined : `left: ${cgroup}`;
  }

  /** In a mount namespace of its own: a spec may ask for the caller's. */
  async #create(): Promise<string | undefined> {
    // What is created goes on in the background: it must not hold the pipes of the test.
    const said = this.box.box.path("fuzz-said");
    const script = `exec "$@" </dev/null >/dev/null 2>${said}`;
    const prefix = ["unshare", "--mount", "sh", "-c", script, "sh"];
    const exitCode = await this.box
      .oci(["create", "--bundle", this.#bundle, ID], { prefix, timeoutMs: TIMEOUT_MS })
      .then((outcome) => outcome.exitCode, String);
    const stderr = readFileSync(said, "utf8");
    if (exitCode === 0) this.created += 1;
    if (exitCode === 1) this.refused += 1;
    if (exitCode !== 0 && exitCode !== 1) return `ended with ${exitCode}: ${stderr}`;
    if (/internal error|\n +at /.test(stderr)) return stderr;
    if (exitCode === 1 && stderr.trim() === "") return "refused without a word";
    if (exitCode === 1 && existsSync(`${this.box.root}/${ID}`)) return "refused, and left";
    return undefined;
  }
}

function makeRichSpec(box: OciBox): object {
  const spec = makeDefaultSpec({ cgroupNamespace: true });
  const id = { containerID: 0, hostID: 100_000, size: 65_536 };
  return {
    ...spec,
    process: {
      ...spec.process,
      terminal: false,
      args: ["/bin/sh", "-c", "exit 0"],
      consoleSize: { height: 24, width: 80 },
      oomScoreAdj: 100,
      scheduler: { policy: "SCHED_BATCH", nice: 5 },
      ioPriority: { class: "IOPRIO_CLASS_BE", priority: 4 },
      execCPUAffinity: { initial: "0", final: "0" },
      user: { uid: 1000, gid: 1000, umask: 0o27, additionalGids: [5, 6] },
    },
    root: { path: box.box.rootfs },
    domainname: "example",
    mounts: [
      ...(spec.mounts ?? []),
      { destination: "/mnt", type: "tmpfs", source: "tmpfs", options: ["size=64k", "rro"] },
      { destination: "/tmp/x", type: "bind", source: box.box.rootfs, options: ["rbind", "ro"] },
    ],
    hooks: {
      createRuntime: [{ path: "/bin/true", args: ["true"], env: ["A=b"], timeout: 5 }],
      createContainer: [{ path: "/bin/true" }],
      poststop: [{ path: "/bin/true" }],
    },
    annotations: { "org.example": "x" },
    linux: {
      ...spec.linux,
      cgroupsPath: `${box.cgroup}/fuzz`,
      sysctl: { "net.ipv4.ip_unprivileged_port_start": "0", "kernel.shm_rmid_forced": "1" },
      devices: [{ path: "/dev/fuse", type: "c", major: 10, minor: 229, fileMode: 0o666, uid: 0 }],
      rootfsPropagation: "rprivate",
      personality: { domain: "LINUX" },
      timeOffsets: { monotonic: { secs: 10, nanosecs: 5 } },
      namespaces: [...(spec.linux?.namespaces ?? []), { type: "time" }],
      resources: {
        ...spec.linux?.resources,
        memory: { limit: 64 << 20, reservation: 32 << 20, swappiness: 10 },
        cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0", mems: "0" },
        pids: { limit: 50 },
        blockIO: { throttleReadBpsDevice: [{ major: 7, minor: 0, rate: 1_000_000 }] },
        unified: {},
      },
      seccomp: {
        defaultAction: "SCMP_ACT_ALLOW",
        architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"],
        flags: ["SECCOMP_FILTER_FLAG_LOG"],
        syscalls: [
          {
            names: ["swapon", "personality"],
            action: "SCMP_ACT_ERRNO",
            errnoRet: 1,
            args: [{ index: 0, value: 8, valueTwo: 8, op: "SCMP_CMP_MASKED_EQ" }],
          },
        ],
      },
    },
    // For a spec with a user namespace, by mutation: values to be copied from here.
    spare: { uidMappings: [id], namespace: { type: "user" } },
  };
}
