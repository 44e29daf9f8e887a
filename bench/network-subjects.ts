// Who is compared over networks: bunker, podman and docker, each with its default bridge, and all of
// them in the bench's own network namespace.

import { mkdirSync } from "node:fs";
import { UserError } from "../src/errors.ts";
import { PATH, type Program, timeProgram } from "./child.ts";
import { PrivateDocker } from "./private-docker.ts";

export interface NetworkPlace {
  readonly folder: string;
  readonly bunker: string;
  readonly rootfs: string;
}

/** What is timed as one: its programs run one after the other. */
export interface NetworkSubject {
  readonly key: string;
  readonly title: string;
  readonly programs: readonly Program[];
}

const COMMAND = "/bin/true";
const TWENTY = Array.from({ length: 20 }, (_, index) => ["-p", `${9000 + index}:80`]).flat();

/** bunker with these words. */
export function bunkerProgram({ folder, bunker }: NetworkPlace, words: readonly string[]): Program {
  return {
    argv: [bunker, ...words],
    env: [PATH, "HOME=/root", `BUNKER_RUN=${folder}/run`, `BUNKER_DATA=${folder}/data`],
    stderr: `${folder}/stderr`,
  };
}

export function listBunkerSubjects(place: NetworkPlace): NetworkSubject[] {
  const run = (key: string, title: string, ...flags: string[]): NetworkSubject => ({
    key,
    title: `bunker run, ${title}`,
    programs: [bunkerProgram(place, ["run", "--rm", ...flags, "--rootfs", place.rootfs, COMMAND])],
  });
  const create = ["create", "rm"].map((verb) => bunkerProgram(place, ["network", verb, "bench"]));
  return [
    // With a DNS of its own, as that is not replayed either.
    run("none", "no network", "--network", "none", "--dns", "192.0.2.1"),
    run("bridge", "bridge", "--network", "bridge"),
    run("one-port", "one port", "--network", "bridge", "-p", "8080:80"),
    run("twenty-ports", "twenty ports", "--network", "bridge", ...TWENTY),
    { key: "create", title: "bunker network create, rm", programs: create },
  ];
}

export function listPodmanSubjects({ folder, rootfs }: NetworkPlace): NetworkSubject[] {
  const path = Bun.which("podman");
  if (path === null) return [];
  const own = [
    ...["--root", `${folder}/podman`, "--runroot", `${folder}/podman-run`],
    ...["--storage-driver", "overlay", "--network-config-dir", `${folder}/podman-networks`],
  ];
  const podman = (...words: string[]): Program => ({
    argv: [path, ...own, ...words],
    env: [PATH, "HOME=/root"],
    stderr: `${folder}/stderr`,
  });
  // Those that it sets by default are above what a machine may allow.
  const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096"];
  const run = podman("run", "--rm", ...limits, "--network", "podman", "--rootfs", `${rootfs}:O`);
  const create = ["create", "rm"].map((verb) => podman("network", verb, "bench"));
  return [
    {
      key: "podman-bridge",
      title: "podman run, bridge",
      programs: [{ ...run, argv: [...run.argv, COMMAND] }],
    },
    { key: "podman-create", title: "podman network create, rm", programs: create },
  ];
}

/** The daemon is to be disposed by whoever is given it. */
export async function startDocker({ folder }: NetworkPlace): Promise<PrivateDocker | undefined> {
  if (Bun.which("dockerd") === null || Bun.which("docker") === null) return undefined;
  return PrivateDocker.start(`${folder}/docker`, ["--storage-driver", "overlay2"], []);
}

export function listDockerSubjects(
  { folder, rootfs }: NetworkPlace,
  docker: PrivateDocker,
): NetworkSubject[] {
  const archive = `${folder}/rootfs.tar`;
  const { exitCode, stderr } = Bun.spawnSync(["tar", "-cf", archive, "-C", rootfs, "."]);
  if (exitCode !== 0) throw new UserError(stderr.toString());
  docker.run("import", archive, "bench");
  const docker_ = (...words: string[]): Program => {
    const [client = "", ...rest] = docker.command(...words);
    const argv = [Bun.which(client) ?? client, ...rest];
    return { argv, env: [PATH, "HOME=/root"], stderr: `${folder}/stderr` };
  };
  const create = ["create", "rm"].map((verb) => docker_("network", verb, "bench"));
  return [
    {
      key: "docker-bridge",
      title: "docker run, bridge",
      programs: [docker_("run", "--rm", "--network", "bridge", "bench", COMMAND)],
    },
    { key: "docker-create", title: "docker network create, rm", programs: create },
  ];
}

const CROWD = 200;
/** How many of the first, and of the last, are compared. */
const SHARE = 20;

/** Milliseconds for the first and the last of many containers that are started and go on in a network. */
export function measureCrowd(place: NetworkPlace): Readonly<Record<string, readonly number[]>> {
  mkdirSync(place.folder, { recursive: true });
  timeProgram(bunkerProgram(place, ["network", "create", "crowd"]));
  const names = Array.from({ length: CROWD }, (_, index) => `crowd${index}`);
  const samples = names.map((name) => {
    const flags = ["-d", "--name", name, "--network", "crowd", "--rootfs", place.rootfs];
    return timeProgram(bunkerProgram(place, ["run", ...flags, "/bin/sleep", "1000"]));
  });
  timeProgram(bunkerProgram(place, ["rm", "-f", ...names]));
  timeProgram(bunkerProgram(place, ["network", "rm", "crowd"]));
  return { "crowd-first": samples.slice(0, SHARE), "crowd-last": samples.slice(-SHARE) };
}
