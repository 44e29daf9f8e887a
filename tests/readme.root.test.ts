// Every command of the README, run as it stands there.
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { underTest, WITHOUT_NETWORK } from "./harness/bunker.ts";
import { Terminal } from "./harness/terminal.ts";
import { needsRoot, skipUnless } from "./harness/tier.ts";

const PROJECT = new URL("..", import.meta.url).pathname;
// Its own places: the machine may have containers of the same names.
const DATA = `${PROJECT}dist/data`;
const RUN = `${PROJECT}dist/run`;
const OURS = { ...process.env, BUNKER_DATA: DATA, BUNKER_RUN: RUN, ...WITHOUT_NETWORK };
const MADE = [
  ...["debian", "bundle", "debian.tar"].map((name) => `${PROJECT}dist/${name}`),
  DATA,
  RUN,
];
setDefaultTimeout(300_000);

const text = readFileSync(`${PROJECT}README.md`, "utf8");
const blocks = [...text.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, script]) => script ?? "");
const lines = blocks.flatMap((block) => block.split("\n").filter((line) => line !== ""));

// Three are not for a shell without a terminal, or would start this test within itself.
const SHELLS = ["./build.sh run", "dist/bunker run --rm -it /bin/sh"];
const TESTS = "./build.sh test";

// What the others print, by a part of the line; a line that is not here must only succeed.
const PRINTED: readonly (readonly [part: string, printed: RegExp])[] = [
  ["cat /etc/debian_version", /^12\.\d+\n$/],
  ["/usr/bin/id", /^uid=0\(root\) gid=0\(root\)/],
  ["--user nobody", /^\/host\/hostname\n$/],
  ["explain run", /"memory\.(limit_in_bytes|max)"|memory\.(limit_in_bytes|max)/],
  ["--format json", /^\{/],
  ["--trace", /pivot_root\(|umount2\(/],
  ["/bin/ps", /\n +1 \S+ +00:00:00 ps\n$/],
  ["--hostname elsewhere", /^elsewhere\n$/],
  ["run --bundle dist/bundle", /^uid=0\(root\) gid=0\(root\)/],
  ["--format '{{.Config.Cmd}}", /^\[\/bin\/bash\] \d{8,}\n$/],
  ["cat /greeting", /^hello\n$/],
  ["exec clock id", /^uid=0\(root\) gid=0\(root\)/],
  ["logs --timestamps", /^\d{4}-\d\d-\d\dT\S+Z /],
  ["{{.State.Status}} {{.State.ExitCode}}", /^exited 137\n$/],
  ["commit work", /^A \/greeting\nsha256:[0-9a-f]{64}\n$/],
  ["cat /data/file", /^kept\n$/],
  ["ls /image/etc/hostname", /^\/image\/etc\/hostname\n$/],
  ["system check", /^No damage found\n$/],
  ["bunker-oci features", /"ociVersionMax": "1\.2/],
];

function runLine(line: string) {
  const path = `${PROJECT}node_modules/.bin:${process.env["PATH"]}`;
  const env = { ...OURS, PATH: path };
  const settings = { cwd: PROJECT, env, stdin: "ignore" } as const;
  const { exitCode, stdout, stderr } = Bun.spawnSync(["/bin/sh", "-ec", line], settings);
  return { exitCode, stdout: stdout.toString(), said: stdout.toString() + stderr.toString() };
}

function removeMade(): void {
  // Security: should something be mounted there, its files are not removed.
  Bun.spawnSync(["rm", "--recursive", "--force", "--one-file-system", ...MADE]);
}

// In a virtual machine there is no network to install from; from source there is nothing new.
const inGuest = process.env["VM_RUN"] !== undefined;
const onHost = !inGuest && underTest() === "binary";
const describeReadme = onHost
  ? needsRoot
  : skipUnless(false, "README: once, on the host, is enough");

describeReadme("the README", () => {
  removeMade();
  afterAll(removeMade);

  test("has its commands, those that are tested apart among them", () => {
    expect(lines.length).toBeGreaterThan(10);
    expect(lines).toEqual(expect.arrayContaining([...SHELLS, TESTS]));
    for (const [part] of PRINTED) expect(text).toContain(part);
  });

  for (const line of lines.filter((each) => !SHELLS.includes(each) && each !== TESTS)) {
    test(`does what it says: ${line}`, () => {
      const { exitCode, stdout, said } = runLine(line);
      expect(exitCode === 0 ? "" : said).toBe("");
      const printed = PRINTED.find(([part]) => line.includes(part))?.[1];
      if (printed !== undefined) expect(line.includes("--trace") ? said : stdout).toMatch(printed);
    });
  }

  for (const line of SHELLS) {
    test(`opens a shell that is pid 1: ${line}`, async () => {
      using terminal = new Terminal(
        `BUNKER_NETWORK=none BUNKER_DATA=${DATA} BUNKER_RUN=${RUN} ${line}`,
        PROJECT,
      );
      await terminal.waitFor(/[#$] *$/);
      terminal.type("echo pid-$$; tty; exit 7");
      const screen = await terminal.waitFor(/\[ended with \d+\]/);
      expect(screen).toMatch(/^pid-1$/m);
      expect(screen).toMatch(/^\/dev\/(console|pts\/0)$/m);
      expect(screen).toMatch(/^\[ended with 7\]$/m);
    });
  }

  test("without a terminal ./build.sh run reads commands from stdin", () => {
    const command = ["/bin/sh", "-c", "echo 'echo pid-$$' | ./build.sh run"];
    const { stdout } = Bun.spawnSync(command, { cwd: PROJECT, env: OURS });
    expect(stdout.toString()).toBe("pid-1\n");
  });

  test("its test command ends with a line of counts (here for one file)", () => {
    const { exitCode, stdout } = runLine(`${TESTS} tests/harness/bunker.pure`);
    const last = stdout.trimEnd().split("\n").at(-1);
    expect(last).toMatch(/^\d+ passed, 0 failed, \d+ skipped$/);
    expect(exitCode).toBe(0);
    expect(readFileSync(`${PROJECT}.ci/run`, "utf8")).toContain('build.sh" test </dev/null');
  });
});
