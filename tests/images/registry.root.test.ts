// Registries as a black box: login, push, pull, and a run that pulls, with Debian's docker-registry on
// loopback.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { eventually } from "../harness/eventually.ts";
import { haveCommand, isRoot, skipUnless } from "../harness/tier.ts";
import { openImageBox, SYSTEM } from "./image-box.ts";

const canRun = isRoot() && haveCommand("docker-registry");
const describeRegistry = skipUnless(canRun, "registries: need root and docker-registry");

describeRegistry("a registry", () => {
  const box = openImageBox();
  let registry: RunningRegistry;
  let name = "";

  beforeAll(async () => {
    registry = await startRegistry(box.path("registry"));
    name = `${registry.host}/team/base:1`;
    await box.load(name, { Cmd: ["echo", "pulled"] }, [SYSTEM, "mkdir more && echo x >more/file"]);
  });
  afterAll(() => registry.stop());

  const login = (password: string) =>
    box.bunker(["login", "-u", "me", "--password-stdin", registry.host], { stdin: password });

  test("is pushed to by nobody who has not logged in", async () => {
    const { exitCode, message } = await box.refusal("push", name);
    expect(exitCode).toBe(1);
    expect(message).toContain(`push access denied for ${registry.host}/team/base`);
  });

  test("takes a login with the right password only, which is kept for docker as well", async () => {
    const wrong = await login("wrong");
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toContain("incorrect username or password");
    const right = await login("secret\n");
    expect({ code: right.exitCode, out: right.stdout }).toEqual({
      code: 0,
      out: "Login Succeeded\n",
    });
    expect(right.stderr).toContain("stored unencrypted");
    const { auths } = JSON.parse(readFileSync(box.path("docker/config.json"), "utf8"));
    expect(auths[registry.host].auth).toBe(btoa("me:secret"));
  });

  test("has what was pushed, and the push says so", async () => {
    const lines = (await box.text("push", name)).split("\n");
    expect(lines[0]).toBe(`The push refers to repository [${registry.host}/team/base]`);
    expect(lines.filter((line) => line.endsWith(": Pushed"))).toHaveLength(2);
    expect(lines.at(-1)).toMatch(/^1: digest: sha256:[0-9a-f]{64} size: \d+$/);
    const again = (await box.text("push", name)).split("\n");
    expect(again.filter((line) => line.endsWith(": Layer already exists"))).toHaveLength(2);
    const manifest = JSON.parse(await box.text("manifest", "inspect", name));
    expect(manifest.layers).toHaveLength(2);
    expect(await box.text("push", "-q", name)).toBe(name);
  });

  describe("is pulled from", () => {
    test("by pull, whose second time says that nothing is new", async () => {
      await box.text("rmi", name);
      const lines = (await box.text("pull", name)).split("\n");
      expect(lines[0]).toBe("1: Pulling from team/base");
      expect(lines.filter((line) => line.endsWith(": Pull complete"))).toHaveLength(2);
      expect(lines.at(-2)).toBe(`Status: Downloaded newer image for ${name}`);
      expect(lines.at(-1)).toBe(name);
      expect((await box.text("pull", name)).split("\n").at(-2)).toBe(
        `Status: Image is up to date for ${name}`,
      );
      expect(await box.text("pull", "-q", name)).toBe(name);
    });

    test("by its digest", async () => {
      const digest = await box.text("images", "--digests", "--format", "{{.Digest}}", name);
      const reference = `${registry.host}/team/base@${digest}`;
      expect((await box.text("pull", reference)).split("\n").at(-1)).toBe(reference);
      expect(await box.text("run", "--rm", reference)).toBe("pulled");
    });

    test("by run, which tells of it on stderr; --quiet does not", async () => {
      await box.text("image", "prune", "-af");
      const { exitCode, stdout, stderr } = await box.bunker(["run", "--rm", name]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: "pulled\n" });
      expect(stderr).toStartWith(
        `Unable to find image '${name}' locally\n1: Pulling from team/base\n`,
      );
      expect(stderr).toContain(`Status: Downloaded newer image for ${name}\n`);
      await box.text("image", "prune", "-af");
      expect(await box.text("run", "--rm", "-q", name)).toBe("pulled");
    });

    test("by run --pull always, which takes what is newer", async () => {
      const other = `${registry.host}/team/other:1`;
      await box.load(other, { Cmd: ["echo", "newer"] }, [SYSTEM]);
      await box.text("tag", name, `${registry.host}/team/old:1`);
      await box.text("push", "-q", other);
      await box.text("push", "-q", other, name);
      expect(await box.text("run", "--rm", name)).toBe("pulled");
      const { stdout } = await box.bunker(["run", "--rm", "--pull", "always", name]);
      expect(stdout).toBe("newer\n");
      expect(await box.text("run", "--rm", `${registry.host}/team/old:1`)).toBe("pulled");
    });

    test("not where there is no such image", async () => {
      const { exitCode, message } = await box.refusal("pull", `${registry.host}/team/nope:1`);
      expect(exitCode).toBe(1);
      expect(message).toContain(`manifest for ${registry.host}/team/nope:1 not found`);
      expect((await box.refusal("run", "-q", `${registry.host}/team/nope:1`)).exitCode).toBe(125);
    });
  });

  test("has images for several machines under one name, once a list of them is pushed", async () => {
    const [list, mine, theirs] = ["multi:1", "base:1", "foreign:1"].map(
      (each) => `${registry.host}/team/${each}`,
    ) as [string, string, string];
    const elsewhere = `${registry.host}/others/foreign:1`;
    await box.load(elsewhere, { Cmd: ["echo", "foreign"] }, [SYSTEM, "echo y >y"]);
    await box.text("push", "-q", elsewhere);
    expect(await box.text("manifest", "create", list, mine, elsewhere)).toBe(
      `Created manifest list ${list}`,
    );
    expect((await box.refusal("manifest", "create", list, mine)).message).toBe(
      "refusing to amend an existing manifest list with no --amend flag",
    );
    const annotate = ["manifest", "annotate", "--arch", "arm", "--variant", "v7", list];
    expect(await box.text(...annotate, elsewhere)).toBe("");
    expect((await box.refusal(...annotate, theirs)).message).toBe(
      `manifest for image ${theirs} does not exist in ${list}`,
    );
    const local = await box.text("manifest", "inspect", list);
    const platforms = JSON.parse(local).manifests.map(
      (each: { platform: object }) => each.platform,
    );
    const architecture = process.arch === "arm64" ? "arm64" : "amd64";
    expect(platforms).toEqual([
      { os: "linux", architecture },
      { os: "linux", architecture: "arm", variant: "v7" },
    ]);
    const pushed = (await box.text("manifest", "push", "--purge", list)).split("\n");
    expect(pushed[0]).toStartWith(`Pushed ref ${mine} with digest: sha256:`);
    expect(pushed[1]).toStartWith(`Pushed ref ${elsewhere} with digest: sha256:`);
    expect(pushed[2]).toMatch(/^sha256:[0-9a-f]{64}$/);
    // From the registry now.
    expect(JSON.parse(await box.text("manifest", "inspect", list))).toEqual(JSON.parse(local));
    expect(await box.text("run", "--rm", "-q", list)).toBe("newer");
    const arm = ["run", "--rm", "--pull", "always", "-q", "--platform", "linux/arm/v7", list];
    expect(await box.text(...arm)).toBe("foreign");
    expect((await box.refusal("manifest", "rm", list)).message).toBe(`No such manifest: ${list}`);
    await box.text("rmi", "-f", list, elsewhere);
  });

  test("is logged out of", async () => {
    expect(await box.text("logout", registry.host)).toBe(
      `Removing login credentials for ${registry.host}`,
    );
    // As docker has it, whether there was something to forget or not.
    expect(await box.text("logout", registry.host)).toBe(
      `Removing login credentials for ${registry.host}`,
    );
    expect((await box.refusal("pull", `${registry.host}/team/other:1`)).exitCode).toBe(1);
  });
});

interface RunningRegistry {
  readonly host: string;
  stop(): Promise<void>;
}

/** A registry that takes the user `me` with the password `secret`. */
async function startRegistry(folder: string): Promise<RunningRegistry> {
  mkdirSync(folder);
  const port = await findPort();
  const hash = await Bun.password.hash("secret", { algorithm: "bcrypt", cost: 4 });
  writeFileSync(`${folder}/htpasswd`, `me:${hash}\n`);
  const config = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: `${folder}/data` } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { htpasswd: { realm: "test", path: `${folder}/htpasswd` } },
  };
  writeFileSync(`${folder}/config.yml`, JSON.stringify(config));
  const settings = { stdin: "ignore", stdout: "ignore", stderr: "ignore" } as const;
  const child = Bun.spawn(["docker-registry", "serve", `${folder}/config.yml`], settings);
  const host = `127.0.0.1:${port}`;
  await eventually(async () => {
    const answer = await fetch(`http://${host}/v2/`).catch(() => undefined);
    return answer?.status === 401;
  });
  return {
    host,
    stop: async () => {
      child.kill();
      await child.exited;
    },
  };
}

function findPort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
