// The same command lines given to docker's own client: what it refuses we refuse, in its words
// where those are words for people, and what its parser lets through ours lets through.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "bun:test";
import { parseRun } from "../../src/cli/run.ts";
import { UserError } from "../../src/errors.ts";
import { makeWorld } from "./world.ts";

const docker = Bun.which("docker");
if (docker === null) console.warn("skipped: tests/cli/docker: no docker client is installed");

const unnamed = "A=1\n=x\n";
const blank = "A B=1\n";
const folder = mkdtempSync("/tmp/bunker-cli-");
writeFileSync(`${folder}/unnamed`, unnamed);
writeFileSync(`${folder}/blank`, blank);
afterAll(() => rmSync(folder, { recursive: true }));

const world = makeWorld({
  [`${folder}/`]: "",
  [`${folder}/unnamed`]: unnamed,
  [`${folder}/blank`]: blank,
});

interface Answer {
  readonly refused: boolean;
  /** The first line, without the program's name and Go's own words for a bad number. */
  readonly line: string;
}

/** The client is pointed at a socket that is not there, so nothing is ever performed. */
function askDocker(argv: readonly string[]): Answer {
  const { stderr } = Bun.spawnSync([docker ?? "", "run", ...argv, "img"], {
    env: { DOCKER_HOST: "unix:///nonexistent/docker.sock", HOME: "/nonexistent" },
    stdin: "ignore",
  });
  const line = stderr.toString().split("\n")[0] ?? "";
  const refused = !/connect to the docker (API|daemon)/i.test(line);
  return { refused, line: refused ? line.replace(/^docker: /, "") : "" };
}

function askBunker(argv: readonly string[]): Answer {
  try {
    parseRun([...argv, "img"], world);
    return { refused: false, line: "" };
  } catch (error) {
    if (error instanceof UserError) return { refused: true, line: error.message };
    throw error;
  }
}

/** Lines on which both must say the same, to the letter. */
const sameWords: string[][] = [
  ["--bogus"],
  ["--bogus=1"],
  ["-Z"],
  ["-itZ"],
  ["-=x"],
  ["---x"],
  ["--=x"],
  ["-i-"],
  ["--constructor"],
  ["--help", "--bogus"],
  ["-m", "abc"],
  ["-m", ""],
  ["-m", "-1"],
  ["-m", "1xb"],
  ["-m", "1kbb"],
  ["-m", "12q"],
  ["-m", "1ib"],
  ["-m", "5kbx"],
  ["--memory-swap", "-5"],
  ["--memory-reservation", "x"],
  ["--shm-size", "xx"],
  ["--cpus", "abc"],
  ["--cpus", ""],
  ["--cpus", "0.0000000001"],
  ["--ulimit", "foo"],
  ["--ulimit", "bar=1"],
  ["--ulimit", "=3"],
  ["--ulimit", "nofile=5:3"],
  ["--ulimit", "nofile=-1:3"],
  ["--ulimit", "nofile=1:2:3"],
  ["--mount", "foo"],
  ["--mount", "type=bind"],
  ["--mount", "foo=bar"],
  ["--mount", "ro,foo"],
  ["--mount", "type=,dst=/b"],
  ["--mount", "type=bind,src=/a,dst=/b,ro=x"],
  ["--mount", "type=bind,src=/a,dst=/b,ro="],
  ["--mount", "type=bind,src=/a,dst=/b,bind-recursive=foo"],
  ["--mount", "type=bind,src=/a,dst=/b,bind-recursive=readonly"],
  ["--mount", "type=bind,src=/a,dst=/b,tmpfs-size=1m"],
  ["--mount", "type=tmpfs,dst=/b,bind-propagation=shared"],
  ["--mount", "type=tmpfs,dst=/b,tmpfs-size=x"],
  ["--mount", "type=tmpfs,dst=/b,tmpfs-mode=9"],
  ["--mount", 'type=bind,src=a"b,dst=/b'],
  ["--mount", 'type=bind,"src=a'],
  ["--device-read-bps", "foo"],
  ["--device-read-bps", "sda:1"],
  ["--device-read-bps", "/dev/sda:x"],
  ["--device-write-bps", "/dev/sda:1:2"],
  ["--device-read-iops", "/dev/sda:1k"],
  ["--device-write-iops", "/dev/sda:-1"],
  ["--blkio-weight-device", "foo"],
  ["--blkio-weight-device", "sda:1"],
  ["--blkio-weight-device", "/dev/sda:5"],
  ["--device-cgroup-rule", "c 1:3"],
  ["--device-cgroup-rule", "x 1:3 rwm"],
  ["--sysctl", "foo"],
  ["--sysctl", "kernel.foo=1"],
  ["--label", "=x"],
  ["-e", "=x"],
  ["-e", ""],
  ["--env-file", "/nope"],
  ["--env-file", `${folder}/unnamed`],
  ["--label-file", `${folder}/unnamed`],
  ["--env-file", `${folder}/blank`],
  ["--env-file", folder],
];

/** Lines that both refuse; the words are Go's, or a daemon's, or ours are clearer. */
const bothRefuse: string[][] = [
  ["--rm=foo"],
  ["--rm="],
  ["--rm=tRue"],
  ["--help=foo"],
  ["-ti=x"],
  ["-t="],
  ["--pids-limit", "x"],
  ["--cpu-shares", "99999999999999999999"],
  ["--oom-score-adj", "1.5"],
  ["--oom-score-adj", ""],
  ["--oom-score-adj", "1__0"],
  ["--blkio-weight", "-1"],
  ["-m", "1 2m"],
  ["-m", "."],
  ["-m", "0x10"],
  ["-m", " 1m"],
  ["-v", ""],
  ["-v", ":/x"],
  ["-v", "/a:"],
  ["-v", "/a:/b:/c:/d"],
  ["--mount", ""],
  ["--memory-swappiness", "101"],
  ["--security-opt", "foo"],
  ["--security-opt", "label"],
  ["--security-opt", "seccomp=/nope"],
  ["--pid", "foo"],
  ["--pid", "container:"],
  ["--uts", "foo"],
  ["--uts", "container:x"],
  ["--userns", "foo"],
  ["--cgroupns", "foo"],
  ["--cpu-rt-period", "x"],
];

/** Lines that neither's parser refuses. */
const bothAccept: string[][] = [
  ["-i", "--init"],
  ["-i=false", "--tty=1"],
  ["--rm=T", "--init=FALSE"],
  ["-eA=b", "-e=C=d"],
  ["--name", "web", "--name", "web2"],
  ["--user", ""],
  ["--name", ""],
  ["-m", "1.5g"],
  ["-m", "1 g"],
  ["-m", "8GiB"],
  ["-m", "1e8"],
  ["-m", "64.m"],
  ["--cpus", "1/2"],
  ["--cpus", ".5"],
  ["--cpu-shares", "0x10"],
  ["--cpu-shares", "1_000"],
  ["--oom-score-adj", "010"],
  ["--oom-score-adj", "+5"],
  ["--ulimit", "nofile=10:20", "--ulimit", "core=-1"],
  ["--tmpfs", "/x:size=64m,mode=1777"],
  ["-v", "./a:/b:ro,z"],
  ["--mount", 'type=tmpfs,"dst=/a,b",ro'],
  ["--net", "host"],
  ["--security-opt", "no-new-privileges:true"],
  ["--security-opt", "seccomp=unconfined"],
  ["--sysctl", "net.ipv4.ip_forward=1"],
  ["--memory-swap", "-1", "-m", "64m"],
  ["--cgroupns", ""],
  ["--annotation", "a"],
  ["--stop-signal", "SIGRTMIN+3"],
];

describe.skipIf(docker === null)("beside docker's client", () => {
  for (const argv of sameWords) {
    test(`${JSON.stringify(argv)} is refused in the same words`, () => {
      expect(askBunker(argv)).toEqual(askDocker(argv));
    });
  }
  for (const argv of bothRefuse) {
    test(`${JSON.stringify(argv)} is refused by both`, () => {
      expect([askDocker(argv).refused, askBunker(argv).refused]).toEqual([true, true]);
    });
  }
  for (const argv of bothAccept) {
    test(`${JSON.stringify(argv)} is refused by neither`, () => {
      expect([askDocker(argv).line, askBunker(argv).line]).toEqual(["", ""]);
    });
  }
  for (const argv of [["--name"], ["-e"], ["-ie"]]) {
    test(`${JSON.stringify(argv)} without its value is refused in the same words`, () => {
      const { stderr } = Bun.spawnSync([docker ?? "", "run", ...argv]);
      const said = stderr.toString().split("\n")[0] ?? "";
      expect(said).toStartWith("flag needs an argument: ");
      expect(() => parseRun(argv, world)).toThrow(new UserError(said));
    });
  }
});
