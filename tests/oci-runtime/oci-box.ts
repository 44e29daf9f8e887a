// A test file's own place for OCI containers: a root folder, bundles on a busybox tree, one cgroup
// above all of theirs. What is left of them at the end is a failure of the file.

import { afterAll, expect } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import type { BunkerOptions, Outcome } from "../harness/bunker.ts";
import { type Box, cgroupHierarchies, cgroupsBelow, openBox } from "../run/box.ts";
import { makeDefaultSpec } from "../../src/engine/oci/spec.ts";
import type { Spec } from "../../src/oci/spec.ts";

type Changes = (spec: Spec) => Spec;

export class OciBox {
  readonly root: string;
  /** The cgroup above those of the containers. */
  readonly cgroup = `/bunker-test-${process.pid}-${Math.floor(Math.random() * 1e9)}`;
  #bundles = 0;

  constructor(readonly box: Box) {
    this.root = box.path("oci");
  }

  /** Runs a verb to its end. */
  oci(args: readonly string[], options: BunkerOptions = {}): Promise<Outcome> {
    return this.box.bunker(["oci", "--root", this.root, ...args], options);
  }

  /** What a verb prints that must succeed. */
  async ok(args: readonly string[], options: BunkerOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.oci(args, options);
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: "" });
    return stdout;
  }

  /** What is said of a verb that must fail: the message alone. */
  async refusal(args: readonly string[], options: BunkerOptions = {}): Promise<string> {
    const { exitCode, stderr } = await this.oci(args, options);
    expect({ args, exitCode }).toEqual({ args, exitCode: 1 });
    const [, message] = /level=error msg=(.*)\n/.exec(stderr) ?? [];
    return message?.startsWith('"') === true ? String(JSON.parse(message)) : (message ?? stderr);
  }

  /** A bundle with a shell script as its program. */
  bundle(script: string, change: Changes = (spec) => spec): string {
    const folder = this.box.path(`bundle-${++this.#bundles}`);
    mkdirSync(folder);
    const spec = makeDefaultSpec({ cgroupNamespace: false });
    const process = spec.process && {
      ...spec.process,
      terminal: false,
      args: ["/bin/sh", "-c", script],
    };
    const made = change({ ...spec, ...(process && { process }), root: { path: this.box.rootfs } });
    writeFileSync(`${folder}/config.json`, JSON.stringify(made));
    return folder;
  }

  /** A container that runs in the background, in a cgroup of its own. */
  async start(id: string, script: string, change: Changes = (spec) => spec): Promise<void> {
    const bundle = this.bundle(script, (spec) =>
      change({ ...spec, linux: { ...spec.linux, cgroupsPath: `${this.cgroup}/${id}` } }),
    );
    await this.ok(["run", "-d", "--bundle", bundle, id], DETACHED);
  }

  async status(id: string): Promise<unknown> {
    return JSON.parse(await this.ok(["state", id])).status;
  }

  /** A control file of a container's cgroup, by its name on v1 or v2. */
  control(id: string, v1: string, v2: string = v1): string {
    for (const hierarchy of cgroupHierarchies()) {
      for (const file of [v1, v2]) {
        const path = `${hierarchy}${this.cgroup}/${id}/${file}`;
        if (existsSync(path)) return readFileSync(path, "utf8").trim();
      }
    }
    throw new Error(`no ${v1} of ${id}`);
  }

  async clear(): Promise<void> {
    const list = await this.oci(["list", "-q"]);
    for (const id of list.stdout.split("\n")) if (id !== "") await this.ok(["delete", "-f", id]);
    const left = cgroupsBelow(this.cgroup);
    for (const hierarchy of cgroupHierarchies()) {
      const path = hierarchy + this.cgroup;
      if (left.length === 0 && existsSync(path)) rmdirSync(path);
    }
    expect(left).toEqual([]);
  }
}

/** What goes on in the background must not hold the pipes of the test. */
export const DETACHED: BunkerOptions = {
  prefix: ["sh", "-c", 'exec "$@" </dev/null >/dev/null 2>&1', "sh"],
};

/** The runtime cannot start in so little memory; what is performed before it can. */
export const WITHOUT_RUNTIME = ["prlimit", "--as=500000000"];

/** The place of a test file: cleared after its tests. */
export function openOciBox(): OciBox {
  let oci: OciBox | undefined;
  // Order: before the box's own, which takes the folder away that the state is in.
  afterAll(() => oci?.clear());
  oci = new OciBox(openBox());
  return oci;
}
