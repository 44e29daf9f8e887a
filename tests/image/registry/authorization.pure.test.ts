// Credentials: they reach the registry that they are for, and nobody else.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:https";
import { tmpdir } from "node:os";
import { encodeAuth } from "../../../src/image/auth/credentials.ts";
import { verifyLogin } from "../../../src/image/registry/login.ts";
import { FakeRegistry, refuse, send } from "./fake-registry.ts";
import { failureOf, SMALL_LIMITS, World } from "./world.ts";

const PASSWORD = "s3cr3t";
const ALICE = { kind: "password", username: "alice", password: PASSWORD } as const;
const BASIC = `Basic ${encodeAuth("alice", PASSWORD)}`;
const LAYER = Buffer.from("layer ".repeat(1000));

let registry: FakeRegistry;
let world: World;
beforeEach(async () => {
  registry = await FakeRegistry.start();
  registry.addImage("app", "latest", [LAYER, "second", "third"]);
  world = new World();
});
afterEach(async () => {
  world[Symbol.dispose]();
  await registry[Symbol.asyncDispose]();
});

function logIn(host: string, entry: object = { auth: encodeAuth("alice", PASSWORD) }): void {
  mkdirSync(`${world.root}/.docker`, { recursive: true });
  writeFileSync(`${world.root}/.docker/config.json`, JSON.stringify({ auths: { [host]: entry } }));
}

const configure = (settings: object): void =>
  writeFileSync(
    `${world.root}/registries.json`,
    JSON.stringify({ registries: { [registry.host]: settings } }),
  );

const pull = (): Promise<unknown> => world.pull(`${registry.host}/app`);

/** Lets in whoever has one of the headers, and asks the others by a challenge. */
function demand(challenge: string, ...headers: readonly string[]): void {
  registry.hook = ({ headers: { authorization }, url }, response) => {
    if (url?.startsWith("/token")) return false;
    if (authorization !== undefined && headers.includes(authorization)) return false;
    response.setHeader("www-authenticate", challenge);
    refuse(response, 401, "UNAUTHORIZED", "authentication required");
    return true;
  };
}

/** A token server that knows alice, and nobody. */
class TokenServer implements AsyncDisposable {
  private constructor(readonly server: FakeRegistry) {}

  static async start(lifeS = 300): Promise<TokenServer> {
    const server = await FakeRegistry.start();
    server.hook = ({ headers }, response) => {
      const { authorization } = headers;
      if (authorization !== undefined && authorization !== BASIC) {
        refuse(response, 401, "UNAUTHORIZED", "incorrect username or password");
        return true;
      }
      const token = authorization === undefined ? "anonymous" : "alices";
      send(response, 200, {}, JSON.stringify({ token, expires_in: lifeS }));
      return true;
    };
    return new TokenServer(server);
  }

  get challenge(): string {
    return `Bearer realm="http://${this.server.host}/token",service="fake",scope="repository:app:pull"`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server[Symbol.asyncDispose]();
  }
}

describe("basic authentication", () => {
  test("is given where it is asked for, once it is asked for", async () => {
    logIn(registry.host);
    demand('Basic realm="r"', BASIC);
    await pull();
    expect(registry.seen[0]?.authorization).toBeUndefined();
    expect(registry.seen.slice(1).every(({ authorization }) => authorization === BASIC)).toBe(true);
  });

  test("that is refused is not tried again and again", async () => {
    logIn(registry.host);
    demand('Basic realm="r"');
    const message = await failureOf(pull());
    expect(message).toStartWith(
      `pull access denied for ${registry.host}/app, repository does not exist or may require 'bunker login'`,
    );
    expect(message).not.toContain(PASSWORD);
    expect(registry.seen).toHaveLength(2);
  });

  test("is asked for in vain where nobody has logged in", async () => {
    demand('Basic realm="r"', BASIC);
    expect(await failureOf(pull())).toContain("pull access denied");
    expect(registry.seen).toHaveLength(1);
  });
});

describe("tokens", () => {
  test("are got once for all requests of a pull, anonymously where nobody has logged in", async () => {
    await using tokens = await TokenServer.start();
    demand(tokens.challenge, "Bearer anonymous");
    await pull();
    expect(tokens.server.lines).toEqual(["GET /token?service=fake&scope=repository%3Aapp%3Apull"]);
    expect(tokens.server.seen[0]?.authorization).toBeUndefined();
  });

  test("are got with the name and password of the registry", async () => {
    logIn(registry.host);
    await using tokens = await TokenServer.start();
    demand(tokens.challenge, "Bearer alices");
    await pull();
    expect(tokens.server.seen).toHaveLength(1);
    expect(tokens.server.seen[0]).toMatchObject({
      url: "/token?service=fake&scope=repository%3Aapp%3Apull&account=alice",
      authorization: BASIC,
    });
    // The registry itself sees the token and never the password.
    expect(registry.seen.some(({ authorization }) => authorization === BASIC)).toBe(false);
  });

  test("that have become invalid are got anew", async () => {
    await using tokens = await TokenServer.start();
    demand(tokens.challenge, "Bearer anonymous");
    const { hook } = registry;
    let blobs = 0;
    registry.hook = (request, response) => {
      if (request.url?.includes("/blobs/") && blobs++ === 0) request.headers.authorization = "x";
      return hook(request, response);
    };
    await pull();
    expect(tokens.server.seen).toHaveLength(2);
  });

  test("are got for an identity token without a password", async () => {
    logIn(registry.host, { identitytoken: "idt", auth: encodeAuth("alice", "") });
    await using tokens = await TokenServer.start();
    demand(tokens.challenge, "Bearer anonymous");
    await pull();
    expect(tokens.server.lines).toEqual(["POST /token"]);
  });

  test("with a wrong password are refused in a line", async () => {
    logIn(registry.host, { auth: encodeAuth("alice", "wr0ng") });
    await using tokens = await TokenServer.start();
    demand(tokens.challenge, "Bearer alices");
    const message = await failureOf(pull());
    expect(message).toContain("incorrect username or password");
    expect(message).not.toContain("wr0ng");
    expect(message).not.toContain(encodeAuth("alice", "wr0ng"));
  });

  test.each([
    ["", /gave no token$/],
    ['{"token":7}', /gave no token$/],
    ['{"token":"a\\r\\nX: y"}', /gave no token$/],
    [`{"token":"${"a".repeat(2 << 20)}"}`, /^the token is larger than the 1048576 bytes/],
  ])("like %.30s are refused", async (body, pattern) => {
    await using server = await FakeRegistry.start();
    server.hook = (_, response) => {
      send(response, 200, {}, body);
      return true;
    };
    demand(`Bearer realm="http://${server.host}/token"`, "Bearer x");
    expect(await failureOf(pull())).toMatch(pattern);
  });

  test.each(["", "file:///etc/passwd", "http://user:pw@a/", "nonsense"])(
    "from %j are not got",
    async (realm) => {
      demand(`Bearer realm="${realm}"`, "Bearer x");
      expect(await failureOf(pull())).toContain("names no usable token server");
    },
  );
});

describe("credentials never reach another host", () => {
  const isClean = (other: FakeRegistry): void => {
    expect(other.seen.map(({ authorization }) => authorization)).toEqual(
      other.seen.map(() => undefined),
    );
    expect(JSON.stringify(other.seen)).not.toContain(PASSWORD);
  };

  test("when a layer is redirected there", async () => {
    logIn(registry.host);
    await using other = await FakeRegistry.start();
    for (const [digest, bytes] of registry.blobs) other.blobs.set(digest, bytes);
    demand('Basic realm="r"', BASIC);
    const { hook } = registry;
    registry.hook = (request, response) => {
      if (hook(request, response)) return true;
      if (!request.url?.includes("/blobs/")) return false;
      send(response, 307, { location: `http://${other.host}${request.url}` });
      return true;
    };
    await pull();
    expect(other.seen.length).toBeGreaterThan(0);
    isClean(other);
  });

  test("when it asks for them after a redirect", async () => {
    logIn(registry.host);
    await using other = await FakeRegistry.start();
    other.hook = (_, response) => {
      response.setHeader("www-authenticate", 'Basic realm="mine"');
      refuse(response, 401, "UNAUTHORIZED", "say it");
      return true;
    };
    registry.hook = ({ url }, response) => {
      send(response, 307, { location: `http://${other.host}${url}` });
      return true;
    };
    expect(await failureOf(pull())).toContain("pull access denied");
    expect(other.seen).toHaveLength(1);
    isClean(other);
  });

  test("when a registry names a token server elsewhere, unless it is configured", async () => {
    logIn(registry.host);
    await using tokens = await TokenServer.start();
    const { port } = new URL(`http://${tokens.server.host}`);
    const elsewhere = `localhost:${port}`;
    demand(`Bearer realm="http://${elsewhere}/token"`, "Bearer alices");
    expect(await failureOf(pull())).toBe(
      `registry "${registry.host}" wants its credentials sent to another host, "${elsewhere}"`,
    );
    expect(tokens.server.seen).toEqual([]);
    configure({ tokenServers: [elsewhere] });
    await pull();
    expect(tokens.server.seen[0]?.authorization).toBe(BASIC);
  });

  test("when a mirror asks for them", async () => {
    logIn(registry.host);
    await using mirror = await FakeRegistry.start();
    mirror.hook = (_, response) => {
      response.setHeader("www-authenticate", 'Basic realm="mine"');
      refuse(response, 401, "UNAUTHORIZED", "say it");
      return true;
    };
    configure({ mirrors: [mirror.host] });
    await pull();
    expect(mirror.seen).toHaveLength(1);
    isClean(mirror);
  });

  test("when the upload of a layer is sent there", async () => {
    await pull();
    logIn(registry.host);
    await using other = await FakeRegistry.start();
    demand('Basic realm="r"', BASIC);
    const { hook } = registry;
    registry.hook = (request, response) => {
      if (hook(request, response)) return true;
      if (request.method !== "POST") return false;
      send(response, 202, { location: `http://${other.host}/upload` });
      return true;
    };
    registry.blobs.clear();
    await failureOf(world.push(`${registry.host}/app:latest`, `${registry.host}/app2:latest`));
    expect(other.seen.length).toBeGreaterThan(0);
    isClean(other);
  });
});

describe("login", () => {
  const login = (password: string): Promise<void> =>
    verifyLogin(registry.host, { ...ALICE, password }, world.options);

  test("is verified with the registry, by basic authentication or a token", async () => {
    demand('Basic realm="r"', BASIC);
    await login(PASSWORD);
    expect(await failureOf(login("wr0ng"))).toBe(
      `login to ${registry.host} failed: incorrect username or password`,
    );
    await using tokens = await TokenServer.start();
    demand(tokens.challenge, "Bearer alices");
    await login(PASSWORD);
    expect(await failureOf(login("wr0ng"))).toBe(
      `login to ${registry.host} failed: incorrect username or password`,
    );
  });
});

describe("TLS", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(`${tmpdir()}/bunker-tls-`);
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", `${folder}/key.pem`, "-out", `${folder}/ca.crt`];
    const command = [
      "openssl",
      "req",
      "-x509",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
    ];
    const { exitCode, stderr } = Bun.spawnSync([
      ...command,
      "-nodes",
      "-days",
      "2",
      ...subject,
      ...files,
    ]);
    if (exitCode !== 0) throw new Error(stderr.toString());
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** A server with a certificate of its own making, which passes requests on to the registry. */
  async function startTls(): Promise<AsyncDisposable & { readonly host: string }> {
    const key = readFileSync(`${folder}/key.pem`);
    const cert = readFileSync(`${folder}/ca.crt`);
    const server = createTlsServer({ key, cert }, (request, response) => {
      void fetch(`http://${registry.host}${request.url}`, { redirect: "manual" }).then(
        async (answer) => {
          const { "content-length": _, ...headers } = Object.fromEntries(answer.headers);
          send(response, answer.status, headers, Buffer.from(await answer.arrayBuffer()));
        },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    return {
      host: `127.0.0.1:${port}`,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }

  test("with an unknown authority is refused, and taken where that is named or waived", async () => {
    await using server = await startTls();
    const name = `${server.host}/app`;
    expect(await failureOf(world.pull(name, { tlsVerify: true }))).toBe(
      `cannot reach registry "${server.host}": its certificate is signed by itself`,
    );
    await world.pull(name, { tlsVerify: true, certificateFolder: folder });
    await world.pull(name, { tlsVerify: false });
    const ca = { registries: { [server.host]: { ca: `${folder}/ca.crt` } } };
    writeFileSync(`${world.root}/registries.json`, JSON.stringify(ca));
    await world.pull(name);
  });

  test("is not given up for HTTP where the registry is to be verified", async () => {
    expect(await failureOf(world.pull(`${registry.host}/app`, { tlsVerify: true }))).toBe(
      `cannot reach registry "${registry.host}": it does not speak TLS`,
    );
    expect(registry.seen).toEqual([]);
  });

  test("is not left by a redirect, or for a token", async () => {
    await using server = await startTls();
    await using other = await FakeRegistry.start();
    const options = { tlsVerify: true, certificateFolder: folder };
    registry.hook = (_, response) => {
      response.setHeader("www-authenticate", `Bearer realm="http://${other.host}/token"`);
      refuse(response, 401, "UNAUTHORIZED", "x");
      return true;
    };
    expect(await failureOf(world.pull(`${server.host}/app`, options))).toContain(
      `names a token server without TLS: "${other.host}"`,
    );
    registry.hook = ({ url }, response) => {
      send(response, 307, { location: `http://${other.host}${url}` });
      return true;
    };
    expect(await failureOf(world.pull(`${server.host}/app`, options))).toContain(
      `sends us to a host without TLS: "${other.host}"`,
    );
    expect(other.seen).toEqual([]);
  });
});

test("a proxy of the environment gets what is not for this machine, and no credentials", async () => {
  const requests: string[] = [];
  const proxy = createServer((socket) => {
    socket.once("data", (data) => {
      requests.push(String(data));
      socket.end("HTTP/1.1 502 no\r\nContent-Length: 0\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  logIn("registry.invalid");
  const environment = {
    ...world.options.environment,
    HTTP_PROXY: `http://127.0.0.1:${port}`,
    HTTPS_PROXY: `http://127.0.0.1:${port}`,
  };
  await pull();
  expect(requests).toEqual([]);
  const limits = { ...SMALL_LIMITS, attempts: 1 };
  const message = await failureOf(world.pull("registry.invalid/app", { environment, limits }));
  expect(message).toContain("the proxy refused to pass the connection on");
  expect(requests).toHaveLength(1);
  expect(requests[0]).toStartWith("CONNECT registry.invalid:443 HTTP/1.1\r\n");
  expect(requests[0]).not.toContain("uthorization");
  await new Promise((resolve) => proxy.close(resolve));
});
