// Both performers are given the same plans: the containers that come of them must be the same in
// all that can be seen from inside.

import { expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { openBox } from "../run/box.ts";
import { needsRoot } from "../harness/tier.ts";

const NAMESPACES = ["cgroup", "ipc", "mnt", "net", "pid", "user", "uts"];

// One line each, or a block with a heading, of what a container is.
const LOOK = `
echo '# mounts'; cat /proc/self/mountinfo
echo '# status'; grep -E '^(Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp|Sig(Blk|Ign|Cgt)|Umask|Threads)' /proc/self/status
echo '# namespaces'; for n in ${NAMESPACES.join(" ")}; do echo $n $(readlink /proc/self/ns/$n); done
echo '# cgroup'; cat /proc/self/cgroup
echo '# limits'; cat /proc/self/limits
echo '# oom'; cat /proc/self/oom_score_adj
echo '# dev'; ls -ln /dev | sed 's/ \\{1,\\}[A-Z][a-z]\\{2\\} .*:[0-9]*//'
echo '# names'; hostname; cat /etc/hostname /etc/hosts
echo '# environment'; env | sort
echo '# descriptors'; ls /proc/self/fd
echo '# process'; [ $$ = 1 ] && echo the first; pwd; umask; cat /proc/self/sessionid /proc/1/cmdline | tr '\\0' ' '
echo '# end'
`;

/** What differs from one container to the next, and is nobody's business here. */
function normalise(text: string): string {
  return text
    .replace(/[0-9a-f]{64}/g, "ID")
    .replace(/\b[0-9a-f]{12}\b/g, "SHORT-ID")
    .replace(/^\d+ \d+ \d+:\d+ /gm, "MOUNT ")
    .replace(/\b(master|shared|propagate_from):\d+/g, "$1:N")
    .replace(/inode64,?/g, "");
}

/** The namespaces that are not the host's; a test may run in a namespace of its own. */
function nameNamespaces(text: string): string {
  return text.replace(/^(\w+) (\w+:\[\d+\])$/gm, (_, name: string, id: string) => {
    return `${name} ${readlinkSync(`/proc/self/ns/${name}`) === id ? "the host's" : "its own"}`;
  });
}

needsRoot("both performers make the same container", () => {
  const box = openBox();

  async function look(performer: string, flags: readonly string[]): Promise<string> {
    const asked = ["--performer", performer, "--hostname", "same", ...flags];
    return nameNamespaces(normalise(await box.sh(LOOK, asked)));
  }

  const cases: readonly (readonly [title: string, flags: readonly string[]])[] = [
    ["by default", []],
    ["with limits", ["-m", "256m", "--pids-limit", "64", "--ulimit", "nofile=100:200"]],
    ["for another user", ["-u", "1000:1000", "--group-add", "7", "-w", "/tmp"]],
    ["read-only, with mounts", ["--read-only", "--tmpfs", "/tmp:size=1m", "-v", "/usr:/mnt:ro"]],
    ["with other capabilities", ["--cap-drop", "ALL", "--cap-add", "CHOWN"]],
    ["that can gain no privileges", ["--security-opt", "no-new-privileges"]],
    ["privileged", ["--privileged"]],
    ["with the host's namespaces", ["--pid", "host", "--ipc", "host", "--network", "host"]],
    ["with a cgroup namespace", ["--cgroupns", "private", "--oom-score-adj", "500"]],
    ["without pivot_root", ["--no-pivot"]],
  ];

  test.each(cases)("%s", async (_, flags) => {
    const byAgent = await look("agent", flags);
    expect(byAgent).toContain("# end");
    expect(await look("process", flags)).toBe(byAgent);
  });

  test("both say the same where the program is not there, and leave nothing", async () => {
    const asked = (performer: string) => box.run(["--performer", performer], ["/no/such/program"]);
    const byAgent = await asked("agent");
    expect(byAgent.exitCode).toBe(127);
    expect(await asked("process")).toEqual(byAgent);
  });

  test("both pass on the exit status and the signal that ended the program", async () => {
    for (const performer of ["agent", "process"]) {
      const exit = await box.run(["--performer", performer], ["sh", "-c", "exit 42"]);
      expect(exit.exitCode).toBe(42);
      const killed = await box.run(
        ["--performer", performer, "--pid", "host"],
        ["sh", "-c", "kill -TERM $$"],
      );
      expect(killed.exitCode).toBe(128 + 15);
    }
  });

  test("the process performer refuses a user namespace, and says why", async () => {
    const flags = ["--performer", "process", "--userns", "auto"];
    const { exitCode, stderr } = await box.run(flags, ["true"]);
    expect(exitCode).toBe(125);
    expect(stderr).toBe("bunker: --userns auto needs the agent as performer: got process\n");
  });
});
