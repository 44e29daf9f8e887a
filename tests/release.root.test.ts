// The executables that build.sh makes, those for other machines included.
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync, readlinkSync } from "node:fs";
import { alignSegments } from "../src/build/align-segments.ts";
import { haveCommand, skipUnless } from "./harness/tier.ts";

const DIST = new URL("../dist", import.meta.url).pathname;
const LIBC = "/usr/aarch64-linux-gnu";
const NAMES = ["x64", "x64-baseline", "arm64", "x64-musl", "arm64-musl"];
const files = NAMES.map((name) => `${DIST}/bunker-linux-${name}`);

// ELF: the machine is the 16-bit word at 18.
const EM_X86_64 = 62;
const EM_AARCH64 = 183;

function run(...command: readonly string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([...command], { cwd: DIST });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

const built = files.every(existsSync);
skipUnless(built, "release binaries: ./build.sh --all has not been run")("a release", () => {
  test("has a binary for each platform, and sums that are right", () => {
    expect(run("sha256sum", "--check", "--quiet", "SHA256SUMS")).toEqual({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    expect(readFileSync(`${DIST}/SHA256SUMS`, "utf8").trimEnd().split("\n")).toHaveLength(5);
  });

  test.each(files)("%s is for the machine in its name and asks for its libc", async (file) => {
    const head = Buffer.from(await Bun.file(file).slice(0, 4096).arrayBuffer());
    expect(head.readUInt16LE(18)).toBe(file.includes("arm64") ? EM_AARCH64 : EM_X86_64);
    expect(head.includes("/ld-musl-")).toBe(file.includes("musl"));
  });

  // In one row, as each has 100 MB.
  test("can be mapped by 2 MiB at a time", () => {
    const isAligned = (file: string): boolean => {
      const bytes = readFileSync(file);
      return Buffer.compare(alignSegments(bytes), bytes) === 0;
    };
    expect(files.filter((file) => !isAligned(file))).toEqual([]);
  });

  test("starts as the baseline binary", () => {
    const said = run(`${DIST}/bunker-linux-x64-baseline`, "--version");
    expect(said).toEqual({ exitCode: 0, stdout: "bunker version 0.1.0\n", stderr: "" });
  });

  const qemu = haveCommand("qemu-aarch64-static") && existsSync(LIBC);
  const reason = "the arm64 binary: no qemu-aarch64-static, or no arm64 libc";
  skipUnless(qemu, reason)("for arm64, under QEMU", () => {
    const arm = ["qemu-aarch64-static", "-L", LIBC, `${DIST}/bunker-linux-arm64`];

    test("says its version", () => {
      const said = run(...arm, "--version");
      expect(said).toEqual({ exitCode: 0, stdout: "bunker version 0.1.0\n", stderr: "" });
    }, 60_000);

    test("explains a run", () => {
      const { exitCode, stdout, stderr } = run(...arm, "explain", "run", "/bin/true");
      expect(stderr).toBe("");
      expect(stdout).toContain("execve(");
      expect(exitCode).toBe(0);
    }, 60_000);
  });
});

describe("the executable", () => {
  test("is also there under the name of an OCI runtime", () => {
    expect(readlinkSync(`${DIST}/bunker-oci`)).toBe("bunker");
    expect(run(`${DIST}/bunker-oci`, "--version").exitCode).toBe(0);
  });

  test("has its manual beside it", () => {
    expect(readFileSync(`${DIST}/bunker.1`, "utf8")).toStartWith(".TH BUNKER 1 ");
  });

  test("obeys no .env and no bunfig.toml of the folder it is called in", () => {
    const script = `d=$(mktemp -d /tmp/bunker-release-XXXXXX); cd "$d"
      echo 'preload = ["./evil.ts"]' > bunfig.toml; echo 'BUNKER_RUN=/nowhere/x' > .env
      echo 'console.log("evil")' > evil.ts
      "$0" run --rm /bin/echo good; cd /; rm -r "$d"`;
    // In its usual folders, which are in memory that is gone with the command.
    const apart = `unset BUNKER_RUN BUNKER_DATA; export BUNKER_NETWORK=none; mount -t tmpfs tmpfs /run; ${script}`;
    const inMemory = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", apart];
    expect(run(...inMemory, `${DIST}/bunker`)).toEqual({
      exitCode: 0,
      stdout: "good\n",
      stderr: "",
    });
  });
});
