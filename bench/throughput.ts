// How much passes through a published port, beside the way without one: iperf3 between this host, its
// container, and another machine. All of it in network namespaces of the bench's own. See README.md.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { UserError } from "../src/errors.ts";
import { judgeThroughput } from "./bars.ts";
import { timeProgram } from "./child.ts";
import { removeFolder } from "./isolate.ts";
import { bunkerProgram, type NetworkPlace } from "./network-subjects.ts";
import { startBench } from "./main.ts";
import { type BenchOptions, THROUGHPUT_USAGE } from "./options.ts";
import { findBunker } from "./place.ts";
import { conclude, formatMachine, formatTable } from "./report.ts";
import { shuffle } from "./rounds.ts";
import { medians, summarize } from "./statistics.ts";

const PORT = "5201";
const SECONDS = "2";
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
      return measure(options, listWays(other));
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

interface Way {
  readonly key: string;
  readonly title: string;
  readonly client: readonly string[];
}

function listWays({ prefix }: OtherMachine): Way[] {
  const to = (address: string): string[] => ["iperf3", "--client", address, "--port", PORT];
  return [
    { key: "bridge", title: "host to container", client: to(ADDRESS) },
    { key: "loopback", title: "host by 127.0.0.1", client: to("127.0.0.1") },
    { key: "host", title: "host by its address", client: to(HOST) },
    { key: "bridge6", title: "host to container, IPv6", client: to(ADDRESS6) },
    { key: "loopback6", title: "host by [::1]", client: to("::1") },
    { key: "routed", title: "other machine to container", client: [...prefix, ...to(ADDRESS)] },
    { key: "outside", title: "other machine by the port", client: [...prefix, ...to(HOST)] },
  ];
}

interface Report {
  /** Without it where the connection failed, which may be told by that alone. */
  readonly end: { readonly sum_received?: { readonly bits_per_second: number } };
}

/** Bits per second; undefined where nothing answers there. */
function transfer({ client }: Way, length: readonly string[]): number | undefined {
  const argv = [...client, ...length, "--json", "--connect-timeout", "2000"];
  const { exitCode, stdout } = Bun.spawnSync(argv, { stdin: "ignore" });
  if (exitCode !== 0) return undefined;
  const { end }: Report = JSON.parse(stdout.toString());
  return end.sum_received?.bits_per_second;
}

type Samples = Record<string, number[]>;

function measure(options: BenchOptions, ways: readonly Way[]): number {
  const [first] = ways;
  for (let attempt = 0; attempt < STARTING_ATTEMPTS; attempt += 1) {
    if (first === undefined || transfer(first, ["--bytes", "1K"]) !== undefined) break;
    Bun.sleepSync(20);
  }
  const samples: Samples = {};
  for (let round = 0; round < options.rounds; round += 1) {
    for (const way of shuffle(ways, round)) {
      const bits = transfer(way, ["--time", SECONDS]);
      if (bits !== undefined) (samples[way.key] ??= []).push(bits);
    }
  }
  process.stdout.write(
    formatMachine(`medians of ${options.rounds} rounds of ${SECONDS} s`) +
      `${formatSamples(ways, samples)}\n`,
  );
  return conclude(options, judgeThroughput({ medianBits: medians(samples) }), { samples });
}

function formatSamples(ways: readonly Way[], samples: Samples): string {
  const rows = ways.map(({ key, title }) => {
    const list = samples[key] ?? [];
    if (list.length === 0) return [title, "nothing answers"];
    const { median, p10, p90 } = summarize(list);
    return [title, ...[median, p10, p90].map((bits) => (bits / 1e9).toFixed(2))];
  });
  return formatTable([["gigabits per second", "median", "p10", "p90"], ...rows]);
}

process.exitCode = await startBench(process.argv.slice(2), {
  usage: THROUGHPUT_USAGE,
  apart: ["--net"],
  bench,
});
