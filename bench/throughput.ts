// How much passes through a published port, beside the way without one: iperf3 between this host, its
// container, and another machine. All of it in network namespaces of the bench's own. See README.md.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { UserError } from "../src/errors.ts";
import { judgeThroughput, THROUGHPUT_WAYS } from "./bars.ts";
import { timeProgram } from "./child.ts";
import { removeFolder } from "./isolate.ts";
import { bunkerProgram, type NetworkPlace } from "./network-subjects.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, THROUGHPUT_USAGE } from "./options.ts";
import { findBunker } from "./place.ts";
import { conclude, formatMachine, formatTable, readLoad } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { median, medianInterval } from "./statistics.ts";

const PORT = "5201";
const SECONDS = 1;
const ROUNDS = 50;
const HOST = "192.0.2.1";
const OTHER = "192.0.2.2";
const ADDRESS = "10.211.0.9";
const ADDRESS6 = "fd62:756e:6b72:9::9";
const STARTING_ATTEMPTS = 100;

function bench(options: BenchOptions): number {
  if (Bun.which("iperf3") === null) throw new UserError("iperf3 is not installed");
  const folder = mkdtempSync(`${tmpdir()}/bunker-bench-throughput-`);
  const place = { folder, bunker: findBunker(options), rootfs: "/" };
  try {
    using other = new OtherMachine();
    startServer(place);
    try {
      return measure(options, listClients(other));
    } finally {
      timeProgram(bunkerProgram(place, ["rm", "-f", "server"]));
    }
  } finally {
    removeFolder(folder);
  }
}

/** A network namespace at the other end of a cable, which goes with its only process. */
class OtherMachine implements Disposable {
  readonly #child: ChildProcess;
  readonly prefix: readonly string[];

  constructor() {
    this.#child = spawn("unshare", ["--net", "sleep", "infinity"], { stdio: "ignore" });
    const { pid } = this.#child;
    this.prefix = ["nsenter", `--net=/proc/${pid}/ns/net`];
    const own = Bun.spawnSync(["readlink", "/proc/self/ns/net"]).stdout.toString();
    const isApart = (): boolean =>
      Bun.spawnSync(["readlink", `/proc/${pid}/ns/net`]).stdout.toString() !== own;
    for (let attempt = 0; attempt < STARTING_ATTEMPTS && !isApart(); attempt += 1) {
      Bun.sleepSync(10);
    }
    must(["ip", "link", "set", "lo", "up"]);
    must(["ip", "link", "add", "cable0", "type", "veth", "peer", "cable1", "netns", `${pid}`]);
    must(["ip", "address", "add", `${HOST}/24`, "dev", "cable0"]);
    must(["ip", "link", "set", "cable0", "up"]);
    must([...this.prefix, "ip", "address", "add", `${OTHER}/24`, "dev", "cable1"]);
    must([...this.prefix, "ip", "link", "set", "cable1", "up"]);
    must([...this.prefix, "ip", "route", "add", "default", "via", HOST]);
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

function must(argv: readonly string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...argv], { stdin: "ignore" });
  if (exitCode === 0) return stdout.toString();
  throw new UserError(`${argv.join(" ")}: ${stderr.toString().trim() || stdout.toString()}`);
}

/** A container that serves, in a network whose containers others can reach without a published port. */
function startServer(place: NetworkPlace): void {
  const routed = ["-o", "com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected"];
  const subnets = ["--subnet", "10.211.0.0/24", "--ipv6", "--subnet", "fd62:756e:6b72:9::/64"];
  timeProgram(bunkerProgram(place, ["network", "create", ...routed, ...subnets, "lane"]));
  const flags = ["--network", "lane", "--ip", ADDRESS, "--ip6", ADDRESS6, "-p", `${PORT}:${PORT}`];
  const server = ["/usr/bin/iperf3", "--server", "--port", PORT];
  timeProgram(bunkerProgram(place, ["run", "-d", "--name", "server", ...flags, ...server]));
}

type Way = "bridge" | "loopback" | "host" | "bridge6" | "loopback6" | "routed" | "outside";

const TITLES: Readonly<Record<Way, string>> = {
  bridge: "host to container",
  loopback: "host by 127.0.0.1",
  host: "host by its address",
  bridge6: "host to container, IPv6",
  loopback6: "host by [::1]",
  routed: "other machine to container",
  outside: "other machine by the port",
};

type Clients = Readonly<Record<Way, readonly string[]>>;

function listClients({ prefix }: OtherMachine): Clients {
  const to = (address: string): string[] => ["iperf3", "--client", address, "--port", PORT];
  return {
    bridge: to(ADDRESS),
    loopback: to("127.0.0.1"),
    host: to(HOST),
    bridge6: to(ADDRESS6),
    loopback6: to("::1"),
    routed: [...prefix, ...to(ADDRESS)],
    outside: [...prefix, ...to(HOST)],
  };
}

interface Report {
  /** Without it where the connection failed, which may be told by that alone. */
  readonly end: {
    readonly sum_received?: { readonly bits_per_second: number };
    /** Of both programs, in percent of a processor. */
    readonly cpu_utilization_percent?: {
      readonly host_total: number;
      readonly remote_total: number;
    };
  };
}

interface Transfer {
  readonly bits: number;
  /** Bits per second of processor time, of both ends: what a busy machine leaves alone. */
  readonly bitsOfCpu: number;
}

/** undefined where nothing answers there. */
function transfer(client: readonly string[], length: readonly string[]): Transfer | undefined {
  const argv = [...client, ...length, "--json", "--connect-timeout", "2000"];
  const { exitCode, stdout } = Bun.spawnSync(argv, { stdin: "ignore" });
  if (exitCode !== 0) return undefined;
  const { end }: Report = JSON.parse(stdout.toString());
  const bits = end.sum_received?.bits_per_second;
  const { host_total = NaN, remote_total = NaN } = end.cpu_utilization_percent ?? {};
  return bits === undefined
    ? undefined
    : { bits, bitsOfCpu: bits / ((host_total + remote_total) / 100) };
}

function measure(options: BenchOptions, clients: Clients): number {
  for (let attempt = 0; attempt < STARTING_ATTEMPTS; attempt += 1) {
    if (transfer(clients.bridge, ["--bytes", "1K"]) !== undefined) break;
    Bun.sleepSync(20);
  }
  const before = readLoad();
  const { rounds, seconds = SECONDS } = options;
  const pairs = runPairs(clients, rounds, String(seconds));
  const how = `${rounds} pairs of ${seconds} s each, their halves in turns`;
  process.stdout.write(`${formatMachine(how, before)}${formatPairs(pairs)}\n`);
  const ratios = Object.fromEntries(
    Object.entries(pairs).map(([way, list]) => [way, list.map(ratioOf)]),
  );
  return conclude(options, judgeThroughput({ ratios }), { pairs });
}

interface Pair {
  readonly published: Transfer;
  readonly direct: Transfer;
}

type Pairs = Readonly<Record<string, readonly Pair[]>>;

const ratioOf = ({ published, direct }: Pair): number => published.bits / direct.bits;
const cpuRatioOf = ({ published, direct }: Pair): number => published.bitsOfCpu / direct.bitsOfCpu;

/** Both ways right after each other, each as often the first: what slows one down slows the other. */
function runPairs(clients: Clients, rounds: number, seconds: string): Pairs {
  const pairs: Record<string, Pair[]> = {};
  for (let round = 0; round < rounds; round += 1) {
    for (const { way, direct } of shuffle(THROUGHPUT_WAYS, round)) {
      const order = round % 2 === 0 ? [direct, way] : [way, direct];
      const got = new Map(
        order.map((each) => [each, transfer(clients[each], ["--time", seconds])]),
      );
      const [own, base] = [got.get(way), got.get(direct)];
      if (own !== undefined && base !== undefined) {
        (pairs[way] ??= []).push({ published: own, direct: base });
      }
    }
  }
  return pairs;
}

const HEAD = ["Gbit/s, medians", "direct", "published", "ratio", "95 % of it", "of CPU time"];

function formatPairs(pairs: Pairs): string {
  const rows = THROUGHPUT_WAYS.map(({ way }) => {
    const list = pairs[way] ?? [];
    if (list.length === 0) return [TITLES[way], "nothing answers"];
    const gigabits = (bits: readonly number[]): string => (median(bits) / 1e9).toFixed(2);
    const ratios = list.map(ratioOf);
    return [
      TITLES[way],
      gigabits(list.map(({ direct }) => direct.bits)),
      gigabits(list.map(({ published }) => published.bits)),
      median(ratios).toFixed(3),
      medianInterval(ratios)
        .map((ratio) => ratio.toFixed(2))
        .join(" to "),
      median(list.map(cpuRatioOf)).toFixed(3),
    ];
  });
  return formatTable([HEAD, ...rows]);
}

process.exitCode = await startBench(process.argv.slice(2), {
  usage: THROUGHPUT_USAGE,
  rounds: ROUNDS,
  apart: ["--net"],
  bench,
});
