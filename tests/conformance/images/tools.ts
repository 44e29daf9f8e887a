// The programs that images are exchanged with, each in a place of its own, and a registry for them.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Runs a program to its end and returns what it printed. Throws with what it complained of. */
export function run(program: string, ...args: readonly string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    maxBuffer: 64 << 20,
    timeout: 120_000,
  });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  const said = stderr.trim().split("\n").slice(-3).join(" | ");
  throw new Error(`${program} ${args.join(" ").slice(0, 300)}: exit ${status ?? signal}: ${said}`);
}

/** Installs the Debian packages that are not there. */
export function installPackages(...packages: readonly string[]): void {
  const isHere = (name: string): boolean =>
    spawnSync("dpkg-query", ["-W", "-f", "${db:Status-Status}", name]).stdout.toString() ===
    "installed";
  const missing = packages.filter((name) => !isHere(name));
  if (missing.length === 0) return;
  process.env["DEBIAN_FRONTEND"] = "noninteractive";
  const install = ["install", "-qq", "-y", "--no-install-recommends", ...missing];
  if (spawnSync("apt-get", install).status === 0) return;
  run("apt-get", "update", "-qq");
  run("apt-get", ...install);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a registry keeps strangers out with: paths of files. */
export interface Guard {
  readonly cert: string;
  readonly key: string;
  readonly htpasswd: string;
}

/** Debian's docker-registry on loopback. */
export class Registry implements Disposable {
  private constructor(
    readonly host: string,
    readonly log: string,
    private readonly child: ChildProcess,
  ) {}

  /** @param guard a certificate with its key, and a file of names and passwords, that it asks for */
  static async start(folder: string, guard?: Guard): Promise<Registry> {
    const host = `127.0.0.1:${await freePort()}`;
    mkdirSync(`${folder}/blobs`, { recursive: true });
    const configuration = {
      version: 0.1,
      log: { accesslog: { disabled: false } },
      storage: { filesystem: { rootdirectory: `${folder}/blobs` }, delete: { enabled: true } },
      http: { addr: host, ...(guard && { tls: { certificate: guard.cert, key: guard.key } }) },
      ...(guard && { auth: { htpasswd: { realm: "tests", path: guard.htpasswd } } }),
    };
    // JSON is YAML, too.
    writeFileSync(`${folder}/config.yml`, JSON.stringify(configuration));
    const log = `${folder}/log`;
    const fd = openSync(log, "w");
    const child = spawn("docker-registry", ["serve", `${folder}/config.yml`], {
      stdio: ["ignore", fd, fd],
      env: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
    closeSync(fd);
    const registry = new Registry(host, log, child);
    await registry.#wait(guard === undefined ? "http" : "https");
    return registry;
  }

  async #wait(scheme: string): Promise<void> {
    const tls = { rejectUnauthorized: false };
    for (let attempt = 0; attempt < 100; attempt++) {
      const answer = await fetch(`${scheme}://${this.host}/v2/`, { tls }).catch(() => undefined);
      if (answer !== undefined) return;
      await sleep(50);
    }
    throw new Error(`the registry does not start: ${readFileSync(this.log, "utf8")}`);
  }

  /** The requests so far: "GET /v2/app/manifests/latest". */
  get requests(): string[] {
    const lines = readFileSync(this.log, "utf8").matchAll(/"([A-Z]+ \/v2\/[^ "]*) HTTP/g);
    return [...lines].map(([, request = ""]) => request);
  }

  /** The digest of what a tag stands for. */
  async digestOf(name: string): Promise<string> {
    const [repository, tag] = name.slice(name.indexOf("/") + 1).split(":");
    const types = ["oci.image.manifest.v1", "oci.image.index.v1"].map(
      (type) => `application/vnd.${type}+json`,
    );
    const docker = ["manifest.v2", "manifest.list.v2"].map(
      (type) => `application/vnd.docker.distribution.${type}+json`,
    );
    const url = `http://${this.host}/v2/${repository}/manifests/${tag}`;
    const answer = await fetch(url, {
      method: "HEAD",
      headers: { Accept: [...types, ...docker].join(", ") },
    });
    return answer.headers.get("docker-content-digest") ?? `none: ${answer.status}`;
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGKILL");
  }
}
