// What a caller hands to a container besides its config.json: descriptors, variables, cpus, signals.

import { expect, test } from "bun:test";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import type { Fd } from "../../ffi/fd.ts";
import { bind, connect, recvmsg, sendmsg, SOCK, socket } from "../../ffi/socket.ts";
import { eventually } from "../harness/eventually.ts";
import { needsRoot } from "../harness/tier.ts";
import type { Process, Spec } from "../../src/oci/spec.ts";
import { DETACHED, openOciBox } from "./oci-box.ts";

function bindDatagrams(path: string): Fd {
  const fd = socket(SOCK.SOCK_DGRAM);
  bind(fd.number, path);
  return fd;
}

function sendDatagram(path: string, text: string): void {
  using fd = socket(SOCK.SOCK_DGRAM);
  connect(fd.number, path);
  sendmsg(fd.number, new TextEncoder().encode(text), []);
}

const receive = (fd: Fd): string => new TextDecoder().decode(recvmsg(fd.number, 100, 0).data);

needsRoot("oci: what a caller hands over", () => {
  const box = openOciBox();
  let runs = 0;

  const withProcess =
    (process: Partial<Process>) =>
    (spec: Spec): Spec =>
      spec.process === undefined ? spec : { ...spec, process: { ...spec.process, ...process } };

  async function run(
    script: string,
    { words = [], prefix, change, env }: Handed = {},
  ): Promise<string> {
    runs += 1;
    const bundle = box.bundle(script, change);
    const args = ["run", ...words, "--bundle", bundle, `caller-${runs}`];
    const options = { ...(prefix && { prefix }), ...(env && { env }) };
    return (await box.ok(args, options)).trimEnd();
  }

  interface Handed {
    readonly words?: readonly string[];
    readonly prefix?: readonly string[];
    readonly change?: (spec: Spec) => Spec;
    readonly env?: Readonly<Record<string, string>>;
  }

  const shell = (script: string): readonly string[] => ["sh", "-c", script, "sh"];
  const LIST = "ls /proc/self/fd | tr '\\n' ' '";

  test("descriptors are passed on as far as the caller has opened them", async () => {
    const prefix = shell('exec 3</dev/null 5</dev/null; exec "$@"');
    const log = ["--log", box.box.path("log")];
    // ls(1) opens one of its own.
    expect(await run(LIST, { words: ["--preserve-fds", "8"], prefix })).toBe("0 1 2 3 4 5");
    expect(await run(LIST, { words: ["--preserve-fds", "1"], prefix })).toBe("0 1 2 3 4");
    expect(await run(LIST, { prefix })).toBe("0 1 2 3");
    const bundle = box.bundle(LIST);
    const args = [...log, "run", "--preserve-fds", "20", "--bundle", bundle, "caller-log"];
    expect(await box.ok(args)).toBe("0 1 2 3 ");
  });

  test("the working directory cannot be a descriptor that the caller has not opened", async () => {
    for (let fd = 3; fd < 12; fd++) {
      const bundle = box.bundle("pwd", withProcess({ cwd: `/proc/self/fd/${fd}` }));
      const args = ["run", "--preserve-fds", "20", "--bundle", bundle, `caller-cwd-${fd}`];
      expect(await box.refusal(args)).toContain(`/proc/self/fd/${fd}`);
    }
  });

  test("nor one that the caller passes on", async () => {
    const prefix = shell('exec 3</; exec "$@"');
    for (const verb of [["run"], ["create"]]) {
      const bundle = box.bundle("pwd; ls", withProcess({ cwd: "/proc/self/fd/3" }));
      const args = [...verb, "--preserve-fds", "1", "--bundle", bundle, `caller-out-${verb}`];
      expect(await box.refusal(args, { prefix })).toContain("openat2 /proc/self/fd/3: ELOOP");
    }
    await box.start("out", "sleep 600");
    const exec = ["exec", "--preserve-fds", "1", "--cwd", "/proc/self/fd/3", "out", "pwd"];
    const { exitCode, stderr } = await box.oci(exec, { prefix });
    expect(exitCode).toBe(255);
    expect(stderr).toContain(
      "current working directory is outside of container mount namespace root: openat2 /proc/self/fd/3: ELOOP",
    );
    await box.ok(["delete", "-f", "out"]);
  });

  test("sockets of systemd's are passed on with the variables that tell of them", async () => {
    const prefix = shell('exec 3</dev/null; exec "$@"');
    const script = `echo $LISTEN_FDS $LISTEN_PID; ${LIST}`;
    const env = { LISTEN_FDS: "1" };
    expect(await run(script, { prefix, env })).toBe("1 1\n0 1 2 3 4");
  });

  test("READY=1 of the program reaches the caller's NOTIFY_SOCKET", async () => {
    const path = box.box.path("ready");
    using caller = bindDatagrams(path);
    // There is nothing in busybox that sends to such a socket: the test does, by the host's path.
    const script = 'echo "$NOTIFY_SOCKET"; while [ ! -e /tmp/over ]; do sleep 0.05; done';
    const bundle = box.bundle(script, (spec) => ({ ...spec, root: { path: box.box.rootfs } }));
    const options = { env: { NOTIFY_SOCKET: path } };
    await box.ok(["create", "--bundle", bundle, "ready"], { ...DETACHED, ...options });
    const started = box.ok(["start", "ready"], options);
    const inside = `${box.root}/ready/notify/notify`;
    await eventually(() => existsSync(inside));
    sendDatagram(inside, "READY=1");
    await started;
    expect(receive(caller)).toBe("READY=1");
    await box.ok(["delete", "-f", "ready"]);
  });

  test("each variable is there once, and HOME is what the container's passwd says", async () => {
    const env = ["A=1", "HOME=", "A=2", "PATH=/bin"];
    const user = { uid: 1000, gid: 1000 };
    const show = "env | grep -v '^PWD=\\|^SHLVL=' | sort";
    expect(await run(show, { change: withProcess({ env, user }) })).toBe(
      "A=2\nHOME=/home/web\nPATH=/bin",
    );
  });

  test("exec has the cpus that it asks for, and else those of the container", async () => {
    await box.start("cpus", "sleep 600");
    const show = "grep Cpus_allowed_list /proc/self/status | cut -f 2";
    const confined = { prefix: ["taskset", "-c", "0"] };
    const all = await box.ok(["exec", "cpus", "sh", "-c", show]);
    expect(await box.ok(["exec", "cpus", "sh", "-c", show], confined)).toBe(all);
    const file = box.box.path("cpus.json");
    const execCPUAffinity = { initial: "0", final: "0" };
    const user = { uid: 0, gid: 0 };
    const args = ["/bin/sh", "-c", show];
    writeFileSync(file, JSON.stringify({ args, user, cwd: "/", execCPUAffinity }));
    expect(await box.ok(["exec", "--process", file, "cpus"])).toBe("0\n");
    await box.ok(["delete", "-f", "cpus"]);
  });

  test("SIGTERM ends a container that was not started yet", async () => {
    await box.ok(["create", "--bundle", box.bundle("sleep 600"), "early"], DETACHED);
    expect(await box.status("early")).toBe("created");
    await box.ok(["kill", "early", "TERM"]);
    await eventually(async () => (await box.status("early")) === "stopped");
    await box.ok(["delete", "early"]);
  });

  test("a program whose interpreter is missing is told of in one line", async () => {
    const rootfs = box.box.path("rootfs-script");
    mkdirSync(`${rootfs}/bin`, { recursive: true });
    writeFileSync(`${rootfs}/bin/script`, "#!/missing\n", { mode: 0o755 });
    const bundle = box.bundle("", (spec) => ({
      ...withProcess({ args: ["/bin/script"] })(spec),
      root: { path: rootfs },
    }));
    const outcome = await box.oci(["run", "--bundle", bundle, "script"]);
    expect(outcome).toEqual({
      exitCode: 255,
      stdout: "",
      stderr: "exec /bin/script: no such file or directory\n",
    });
  });

  test("hooks that say nothing of their environment have the caller's", async () => {
    const file = box.box.path("hook");
    const hooks = {
      createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `echo $SAID > ${file}`] }],
    };
    await run("true", { change: (spec) => ({ ...spec, hooks }), env: { SAID: "hello" } });
    expect(await Bun.file(file).text()).toBe("hello\n");
  });

  test("every container whose id matches is deleted with --regex", async () => {
    for (const id of ["many-1", "many-2", "other-1"]) await box.start(id, "sleep 600");
    await box.ok(["delete", "--force", "--regex", "^many-"]);
    expect((await box.ok(["list", "-q"])).trim()).toBe("other-1");
    await box.ok(["delete", "--force", "other-1"]);
  });
});
