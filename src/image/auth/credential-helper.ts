// Credential helpers: programs `docker-credential-NAME` that keep secrets in a key ring, and are
// spoken to over stdin and stdout. https://github.com/docker/docker-credential-helpers
// Security: a secret goes over a pipe only, never onto a command line, which others can read.
import { spawn } from "node:child_process";
import { UserError } from "../../errors.ts";
import type { Credentials } from "./credentials.ts";
import type { Environment } from "./docker-config.ts";

type Action = "get" | "store" | "erase";

/** The user name under which helpers keep an identity token. */
const TOKEN_USERNAME = "<token>";
/** What helpers say when they have nothing for a registry, as docker's own library looks for it. */
const NOT_FOUND = "credentials not found in native keychain";
/** A helper may ask its user to unlock the key ring. */
const TIMEOUT_MS = 120_000;
const ANSWER_MAX_BYTES = 256 * 1024;

/** One program that keeps credentials. */
export class CredentialHelper {
  readonly #program: string;
  readonly #environment: Environment;

  /** @param name "pass" for docker-credential-pass @throws UserError */
  constructor(name: string, environment: Environment) {
    // Security: with a slash in it, the name would choose any file of the machine.
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
      throw new UserError(`invalid name of a credential helper: ${JSON.stringify(name)}`);
    }
    this.#program = `docker-credential-${name}`;
    this.#environment = environment;
  }

  /** The credentials of a registry, or undefined where the helper has none. Throws UserError. */
  async get(key: string): Promise<Credentials | undefined> {
    const { exitCode, answer } = await this.#call("get", key);
    if (exitCode !== 0 && answer.trim() === NOT_FOUND) return undefined;
    if (exitCode !== 0) this.#fail("get", exitCode, answer);
    return this.#parse(answer);
  }

  /** Keeps the credentials of a registry. Throws UserError. */
  async store(key: string, credentials: Credentials): Promise<void> {
    const message = { ServerURL: key, ...toHelper(credentials) };
    const { exitCode, answer } = await this.#call("store", JSON.stringify(message));
    if (exitCode !== 0) this.#fail("store", exitCode, answer);
  }

  /** Forgets the credentials of a registry; there may be none. Throws UserError. */
  async erase(key: string): Promise<void> {
    const { exitCode, answer } = await this.#call("erase", key);
    if (exitCode !== 0 && answer.trim() !== NOT_FOUND) this.#fail("erase", exitCode, answer);
  }

  #fail(action: Action, exitCode: number, answer: string): never {
    const said = printable(answer);
    const clause = said === "" ? "" : `: ${said}`;
    throw new UserError(`${this.#program} ${action} failed with exit code ${exitCode}${clause}`);
  }

  #parse(answer: string): Credentials | undefined {
    let value: unknown;
    try {
      value = JSON.parse(answer);
    } catch {
      // Security: the answer holds the secret, so it is not quoted.
      throw new UserError(`${this.#program} get did not answer with JSON`);
    }
    if (typeof value !== "object" || value === null) return undefined;
    const username = "Username" in value ? value.Username : undefined;
    const secret = "Secret" in value ? value.Secret : undefined;
    if (typeof secret !== "string" || typeof username !== "string") {
      throw new UserError(`${this.#program} get answered without "Username" and "Secret"`);
    }
    if (username === "" && secret === "") return undefined;
    if (username === TOKEN_USERNAME) return { kind: "identity", username, identityToken: secret };
    return { kind: "password", username, password: secret };
  }

  #call(action: Action, input: string): Promise<{ exitCode: number; answer: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#program, [action], {
        stdio: ["pipe", "pipe", "inherit"],
        env: this.#environment,
      });
      let answer = "";
      const giveUp = (): void => {
        child.kill("SIGKILL");
        // What the helper has started may hold the other end open.
        child.stdout.destroy();
      };
      const timer = setTimeout(giveUp, TIMEOUT_MS);
      child.on("error", (error) => {
        clearTimeout(timer);
        const isMissing = "code" in error && error.code === "ENOENT";
        const hint = isMissing ? `install it, or take it out of docker's config.json` : undefined;
        const what = isMissing ? "is not installed" : "cannot be started";
        reject(
          new UserError(`credential helper ${this.#program} ${what}`, hint, 125, { cause: error }),
        );
      });
      child.stdout.setEncoding("utf8");
      child.stdout.on("data", (text: string) => {
        answer += text;
        if (answer.length > ANSWER_MAX_BYTES) giveUp();
      });
      child.on("close", (code) => {
        clearTimeout(timer);
        resolve({ exitCode: code ?? 137, answer });
      });
      // A helper that ends without reading has said why on its way.
      child.stdin.on("error", () => {});
      child.stdin.end(input);
    });
  }
}

function toHelper(credentials: Credentials): { Username: string; Secret: string } {
  switch (credentials.kind) {
    case "password":
      return { Username: credentials.username, Secret: credentials.password };
    case "identity":
      return { Username: TOKEN_USERNAME, Secret: credentials.identityToken };
    case "bearer":
      return { Username: TOKEN_USERNAME, Secret: credentials.token };
  }
}

/** What a helper said, as one line that a terminal can be given. */
function printable(text: string): string {
  return text
    .trim()
    .replaceAll(/[\0-\x1f\x7f-\x9f]+/g, " ")
    .slice(0, 200);
}
