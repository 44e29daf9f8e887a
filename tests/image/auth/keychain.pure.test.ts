// Credentials: where docker's config.json and its helpers have them, and that they stay there.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { UserError } from "../../../src/errors.ts";
import { encodeAuth } from "../../../src/image/auth/credentials.ts";
import { Keychain } from "../../../src/image/auth/keychain.ts";

const SECRET = "s3cr3t:with:colons";
const ALICE = { kind: "password", username: "alice", password: SECRET } as const;

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(`${tmpdir()}/bunker-keychain-`);
});
afterEach(() => rmSync(folder, { recursive: true }));

const configPath = () => `${folder}/.docker/config.json`;

function keychain(): Keychain {
  return new Keychain({ HOME: folder, PATH: `${folder}/bin:${process.env["PATH"]}` });
}

function writeConfig(config: unknown): void {
  mkdirSync(`${folder}/.docker`, { recursive: true });
  writeFileSync(configPath(), typeof config === "string" ? config : JSON.stringify(config));
}

const readConfig = () => JSON.parse(readFileSync(configPath(), "utf8"));

/** A helper that keeps its secrets in files, and writes down how it was called. */
function installHelper(name: string, body = HELPER): void {
  mkdirSync(`${folder}/bin`, { recursive: true });
  const path = `${folder}/bin/docker-credential-${name}`;
  writeFileSync(path, `#!/bin/sh\nFOLDER='${folder}'\n${body}`);
  chmodSync(path, 0o755);
}

const HELPER = `
echo "$0 $*" >> "$FOLDER/argv"
input=$(cat)
case $1 in
  store) printf '%s' "$input" > "$FOLDER/secret" ;;
  erase) rm -f "$FOLDER/secret" ;;
  get)
    [ -e "$FOLDER/secret" ] || { echo "credentials not found in native keychain"; exit 1; }
    cat "$FOLDER/secret" ;;
esac
`;

async function refusalOf(work: Promise<unknown>): Promise<UserError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof UserError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}

describe("config.json", () => {
  test("gives the credentials of a registry however its key is written", async () => {
    const auth = encodeAuth("alice", SECRET);
    for (const key of ["quay.io", "https://quay.io", "http://quay.io/v1/", "https://quay.io/v2/"]) {
      writeConfig({ auths: { [key]: { auth }, "other.io": { auth: encodeAuth("bob", "x") } } });
      expect(await keychain().find({ domain: "quay.io" })).toEqual(ALICE);
    }
    expect(await keychain().find({ domain: "io" })).toBeUndefined();
    expect(await keychain().find({ domain: "quay.io:443" })).toBeUndefined();
  });

  test("has docker.io under its old address", async () => {
    const auth = encodeAuth("alice", SECRET);
    for (const key of ["https://index.docker.io/v1/", "docker.io", "index.docker.io"]) {
      writeConfig({ auths: { [key]: { auth } } });
      expect(await keychain().find({ domain: "docker.io" })).toEqual(ALICE);
    }
  });

  test("may have an entry for one folder of a registry, which goes first", async () => {
    const entries = { "quay.io/team": { auth: encodeAuth("team", "x") }, "quay.io": ALICE };
    writeConfig({ auths: entries });
    const find = async (path?: string) => {
      const found = await keychain().find({ domain: "quay.io", ...(path && { path }) });
      return found && "username" in found ? found.username : undefined;
    };
    expect(await find("team/app")).toBe("team");
    expect(await find("teamwork/app")).toBe("alice");
    expect(await find()).toBe("alice");
  });

  test("may hold tokens", async () => {
    writeConfig({
      auths: {
        a: { identitytoken: "i", auth: encodeAuth("alice", "") },
        b: { registrytoken: "r" },
      },
    });
    expect(await keychain().find({ domain: "a" })).toEqual({
      kind: "identity",
      username: "alice",
      identityToken: "i",
    });
    expect(await keychain().find({ domain: "b" })).toEqual({ kind: "bearer", token: "r" });
  });

  test("that is not there has nothing, and is not made by looking", async () => {
    expect(await keychain().find({ domain: "quay.io" })).toBeUndefined();
    expect(existsSync(`${folder}/.docker`)).toBe(false);
  });

  test("is in DOCKER_CONFIG where that is set", async () => {
    writeConfig({ auths: { a: ALICE } });
    const elsewhere = new Keychain({ HOME: "/nonexistent", DOCKER_CONFIG: `${folder}/.docker` });
    expect(await elsewhere.find({ domain: "a" })).toEqual(ALICE);
  });

  test.each([
    [`{"auths": ${SECRET}`, "is not JSON"],
    ["[]", "must be a JSON object"],
    [{ auths: [] }, ": auths must be an object"],
    [{ auths: { a: "x" } }, ': auths["a"] must be an object'],
    [{ auths: { a: { auth: "c2VjcmV0" } } }, ': auths["a"]: "auth" is not USER:PASSWORD in base64'],
    [{ credHelpers: { a: 1 } }, ': credHelpers["a"] must be a string'],
    [{ credsStore: "../x" }, 'invalid name of a credential helper: "../x"'],
  ])("%j is refused without saying what is in it", async (config, end) => {
    writeConfig(config);
    const { message } = await refusalOf(keychain().find({ domain: "a" }));
    expect(message).toEndWith(end);
    expect(message).not.toContain("s3cr3t");
    expect(message).not.toContain("c2VjcmV0");
  });
});

describe("login", () => {
  test("writes a file that only its owner can read, with what else was in it", async () => {
    writeConfig({ detachKeys: "ctrl-x", auths: { "b.io": { auth: "eA==", email: "x" } } });
    chmodSync(configPath(), 0o644);
    const stored = await keychain().store("a.io", ALICE);
    expect(stored).toEqual({ place: configPath(), isPlain: true });
    expect(statSync(configPath()).mode & 0o777).toBe(0o600);
    expect(readConfig()).toEqual({
      detachKeys: "ctrl-x",
      auths: {
        "b.io": { auth: "eA==", email: "x" },
        "a.io": { auth: encodeAuth("alice", SECRET) },
      },
    });
    expect(readdirSync(`${folder}/.docker`)).toEqual(["config.json"]);
  });

  test("makes the folder for its owner only", async () => {
    await keychain().store("docker.io", ALICE);
    expect(statSync(`${folder}/.docker`).mode & 0o777).toBe(0o700);
    expect(statSync(configPath()).mode & 0o777).toBe(0o600);
    expect(Object.keys(readConfig().auths)).toEqual(["https://index.docker.io/v1/"]);
    expect(await keychain().find({ domain: "docker.io" })).toEqual(ALICE);
  });

  test("keeps a config.json that is a link elsewhere", async () => {
    mkdirSync(`${folder}/.docker`);
    writeFileSync(`${folder}/real.json`, "{}");
    symlinkSync("../real.json", configPath());
    await keychain().store("a.io", ALICE);
    expect(readFileSync(`${folder}/real.json`, "utf8")).toContain("a.io");
  });

  test("of many at once loses none", async () => {
    const hosts = Array.from({ length: 20 }, (_, index) => `host${index}`);
    await Promise.all(hosts.map((host) => keychain().store(host, ALICE)));
    expect(Object.keys(readConfig().auths).sort()).toEqual(hosts.sort());
  });
});

describe("logout", () => {
  test("takes away each entry of the registry and nothing else", async () => {
    writeConfig({ auths: { "a.io": ALICE, "https://a.io/v1/": ALICE, "b.io": ALICE }, x: 1 });
    expect(await keychain().erase("a.io")).toBe(true);
    expect(readConfig()).toEqual({ auths: { "b.io": ALICE }, x: 1 });
    expect(await keychain().erase("a.io")).toBe(false);
  });
});

describe("a credential helper", () => {
  test("gets secrets over stdin, never on its command line, and the file has none", async () => {
    installHelper("test");
    writeConfig({ credsStore: "test" });
    const stored = await keychain().store("a.io", ALICE);
    expect(stored).toEqual({ place: "docker-credential-test", isPlain: false });
    expect(await keychain().find({ domain: "a.io" })).toEqual(ALICE);
    expect(readConfig()).toEqual({ credsStore: "test", auths: { "a.io": {} } });
    expect(readFileSync(`${folder}/argv`, "utf8")).not.toContain("s3cr3t");
    expect(await keychain().erase("a.io")).toBe(true);
    expect(readConfig()).toEqual({ credsStore: "test", auths: {} });
    expect(await keychain().find({ domain: "a.io" })).toBeUndefined();
  });

  test("of a registry goes before the one for all", async () => {
    installHelper("all", "exit 9");
    installHelper("own");
    writeConfig({ credsStore: "all", credHelpers: { "a.io": "own" } });
    await keychain().store("a.io", ALICE);
    expect(await keychain().find({ domain: "a.io" })).toEqual(ALICE);
    const { message } = await refusalOf(keychain().find({ domain: "b.io" }));
    expect(message).toBe("docker-credential-all get failed with exit code 9");
  });

  test("may keep an identity token", async () => {
    installHelper("own");
    writeConfig({ credsStore: "own" });
    const token = { kind: "identity", username: "<token>", identityToken: "t" } as const;
    await keychain().store("a.io", token);
    expect(await keychain().find({ domain: "a.io" })).toEqual(token);
  });

  test("that has nothing leaves it to the file", async () => {
    installHelper("own");
    writeConfig({ credsStore: "own", auths: { "a.io": ALICE } });
    expect(await keychain().find({ domain: "a.io" })).toEqual(ALICE);
  });

  test.each([
    ["exit 3", "docker-credential-bad get failed with exit code 3"],
    [
      "printf 'no\\033[31m way\\n'; exit 1",
      "docker-credential-bad get failed with exit code 1: no [31m way",
    ],
    ["echo s3cr3t", "docker-credential-bad get did not answer with JSON"],
    [
      'echo \'{"Secret":"s3cr3t"}\'',
      'docker-credential-bad get answered without "Username" and "Secret"',
    ],
    ["yes s3cr3t", "docker-credential-bad get failed with exit code 137"],
  ])("that does %j is refused in a line", async (body, start) => {
    installHelper("bad", body);
    writeConfig({ credsStore: "bad" });
    const { message } = await refusalOf(keychain().find({ domain: "a.io" }));
    expect(message).toStartWith(start);
    if (!body.startsWith("yes")) expect(message).toBe(start);
  });

  test("that is not installed is named", async () => {
    writeConfig({ credsStore: "nowhere" });
    const error = await refusalOf(keychain().find({ domain: "a.io" }));
    expect(error.message).toBe("credential helper docker-credential-nowhere is not installed");
    expect(error.hint).toBe("install it, or take it out of docker's config.json");
  });
});
