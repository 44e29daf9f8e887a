// Machines that a test makes: network namespaces, joined by a cable. bunker runs on one of them, so
// this host's own links, rules and routes are never touched.
//
//   client 192.0.2.2, 2001:db8::2 ──cable── 192.0.2.1, 2001:db8::1 host (bunker, containers)

import { afterAll, beforeAll } from "bun:test";
import type { BunkerOptions, Outcome } from "../harness/bunker.ts";
import { slowness } from "../harness/tier.ts";
import { type Box, openBox } from "../run/box.ts";

export const HOST_IP = "192.0.2.1";
export const HOST_IP6 = "2001:db8::1";
export const CLIENT_IP = "192.0.2.2";
export const CLIENT_IP6 = "2001:db8::2";

/** What ran, and what it said. */
export function run(command: readonly string[], stdin = ""): Outcome {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { stdin: Buffer.from(stdin) });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

function must(command: readonly string[], stdin?: string): string {
  const { exitCode, stdout, stderr } = run(command, stdin);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr}`);
  return stdout;
}

/** A network namespace of the test's own. */
export class Machine {
  readonly name: string;
  prefix: readonly string[];

  constructor(role: string) {
    this.name = `bunker-test-${process.pid}-${role}`;
    this.prefix = ["nsenter", `--net=/run/netns/${this.name}`];
  }

  /** From now on the machine has none of these programs: in a mount namespace of its own. */
  async hide(...programs: readonly string[]): Promise<void> {
    const binds = programs.map((path) => `mount --bind /dev/null "$(realpath ${path})" && `);
    const script = `${binds.join("")}echo ready && exec sleep infinity`;
    const flags = ["--mount", "--propagation", "private"];
    const holder = Bun.spawn(["unshare", ...flags, "sh", "-c", script], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "ignore",
    });
    this.#children.push(holder);
    const { value } = await holder.stdout.getReader().read();
    if (value === undefined) throw new Error(`cannot hide ${programs.join(", ")}`);
    this.prefix = [...this.prefix, `--mount=/proc/${holder.pid}/ns/mnt`];
  }

  sh(script: string): string {
    return must([...this.prefix, "sh", "-c", script]).trim();
  }

  /** Started, and killed with the test's machines. */
  start(script: string): void {
    const words = script.startsWith("exec ") ? script : `exec ${script}`;
    this.#children.push(
      Bun.spawn([...this.prefix, "sh", "-c", words], {
        stdin: "ignore",
        stdout: "ignore",
        stderr: "ignore",
      }),
    );
  }

  readonly #children: Bun.Subprocess[] = [];

  remove(): void {
    for (const child of this.#children) child.kill("SIGKILL");
    run(["ip", "netns", "delete", this.name]);
  }
}

/** The two machines of a test file, and bunker on the first of them. */
export interface Network {
  readonly box: Box;
  readonly host: Machine;
  readonly client: Machine;
  bunker(args: readonly string[], options?: BunkerOptions): Promise<Outcome>;
  /** stdout of what must succeed. */
  ok(...args: string[]): Promise<string>;
  /** Starts a container in the background that runs a script in a view of this host's root. */
  start(name: string, flags: readonly string[], script: string): Promise<string>;
}

/**
 * Made before the tests of a file and gone after them; what containers leave there fails the file.
 * @param hidden programs that the host has not
 */
export function openNetwork(hidden: readonly string[] = []): Network {
  // Order: before the box looks at what is left in it.
  afterAll(async () => {
    try {
      const ids = (await ok("ps", "-aq")).split("\n").filter((id) => id !== "");
      if (ids.length > 0) await ok("rm", "-f", ...ids);
    } finally {
      for (const machine of [host, client]) machine.remove();
    }
  });
  const box = openBox();
  const [host, client] = [new Machine("host"), new Machine("client")];
  beforeAll(async () => {
    // With it bridged packets pass the rules of IP. Nothing loads it by itself, and it stays.
    if (process.env["VM_RUN"] !== undefined) must(["modprobe", "br_netfilter"]);
    for (const { name } of [host, client]) must(["ip", "netns", "add", name]);
    must(
      ["ip", "-batch", "-"],
      `link add name cable0 netns ${host.name} type veth peer name cable1 netns ${client.name}\n`,
    );
    host.sh(
      `ip link set lo up; ip link set cable0 up; ip addr add ${HOST_IP}/24 dev cable0;` +
        `ip -6 addr add ${HOST_IP6}/64 dev cable0 nodad; ip route add default via ${CLIENT_IP}`,
    );
    client.sh(
      `ip link set lo up; ip link set cable1 up; ip addr add ${CLIENT_IP}/24 dev cable1;` +
        `ip -6 addr add ${CLIENT_IP6}/64 dev cable1 nodad`,
    );
    if (hidden.length > 0) await host.hide(...hidden);
  });
  const bunker = (args: readonly string[], options: BunkerOptions = {}): Promise<Outcome> =>
    box.bunker(args, { ...options, prefix: host.prefix });
  const ok = async (...args: string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await bunker(args);
    if (exitCode !== 0) throw new Error(`bunker ${args.join(" ")}: ${stderr}`);
    return stdout.trim();
  };
  const network: Network = {
    box,
    host,
    client,
    bunker,
    ok,
    start: async (name, flags, script) =>
      ok("run", "-d", "--name", name, ...flags, "/bin/sh", "-c", script),
  };
  return network;
}

const SECONDS = 2 * slowness();

/** The words of a server: its answer may need a moment, when the client has said all it had to. */
export const SERVE = `socat -t${SECONDS}`;

/** Says what it is told by who; the address of who asks is in it. */
export const GREETER = (port: number, name: string): string =>
  `exec ${SERVE} TCP-LISTEN:${port},fork,reuseaddr SYSTEM:'echo ${name} saw $SOCAT_PEERADDR'`;

/** The words of a client in a container; it ends with the other side, which may be slow. */
export const ASK = `socat -t${SECONDS} -T${SECONDS} -`;

const PATIENCE_MS = 10_000 * slowness();
/** What of an answer takes longer is asked for again. A datagram's end is told by nothing else. */
const ANSWER = slowness() === 1 ? "-t2 -T2" : "-t10 -T10";

/** Tries until something is answered, as a server may need a moment to listen; "" where nothing is. */
export function ask(machine: Machine, address: string, said = "", attempts = Infinity): string {
  const target = address.startsWith("TCP") ? `${address},connect-timeout=1` : address;
  const words = [...machine.prefix, "socat", ...ANSWER.split(" "), "-", target];
  const end = performance.now() + PATIENCE_MS;
  for (let attempt = 0; attempt < attempts && performance.now() < end; attempt++) {
    const { stdout } = run(words, said);
    if (stdout !== "") return stdout.trim();
    Bun.sleepSync(50);
  }
  return "";
}

/** A connection that stays open. */
export class Conversation implements Disposable {
  readonly #child: Bun.Subprocess<"pipe", "pipe", "ignore">;
  readonly #read: () => Promise<Uint8Array | undefined>;

  constructor(machine: Machine, address: string) {
    const target = `${address},connect-timeout=${PATIENCE_MS / 1000}`;
    this.#child = Bun.spawn([...machine.prefix, "socat", "-", target], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "ignore",
    });
    const reader = this.#child.stdout.getReader();
    this.#read = async () => (await reader.read()).value;
  }

  /** What a line is answered; "" where the connection has ended, or there is none. */
  async ask(line: string): Promise<string> {
    await this.#child.stdin.write(`${line}\n`);
    await this.#child.stdin.flush();
    return new TextDecoder().decode(await this.#read()).trim();
  }

  [Symbol.dispose](): void {
    this.#child.kill("SIGKILL");
  }
}

/** The address that `inspect` tells. */
export function ipOf(inspection: string, name: string): string {
  return addressesOf(inspection, name).IPAddress;
}

interface Addresses {
  readonly IPAddress: string;
  readonly GlobalIPv6Address: string;
  readonly IPv6Gateway: string;
}

/** What `inspect` tells of a container in a network. */
export function addressesOf(inspection: string, name: string): Addresses {
  const [container] = JSON.parse(inspection);
  return container.NetworkSettings.Networks[name];
}
