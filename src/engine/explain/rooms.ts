// The rooms of a `run`, in the order in which it walks through them. What is said here about the
// command's own part follows run.ts, launch.ts and state-store.ts; the rest is the plan itself.

import { SERVE_COMMAND } from "../../../ffi/agent/serve-command.ts";
import { formatIdMap } from "../../container/launch.ts";
import type { ContainerPlan } from "../../container/plan.ts";
import type { Prepared } from "../prepare.ts";
import { explainCgroupSteps, quote, writeCall } from "./cgroup-steps.ts";
import {
  bunkerStep,
  type ExplainedStep,
  explainSteps,
  makeCall,
  type Room,
} from "./explanation.ts";

const AGENT_PID = "<agent>";
const HOLDER_PID = "<holder>";
const INIT_PID = "<init>";

/** What is explained, with the folders it would use. */
export interface Subject {
  readonly prepared: Prepared;
  readonly plan: ContainerPlan;
  readonly folder: string;
  readonly nameLink: string;
  readonly performer: "agent" | "process";
  /** What is done about networks, where there are any. */
  readonly network?: readonly Room[];
}

/** Every room, the empty ones left out. */
export function listRooms(subject: Subject): Room[] {
  const { prepared } = subject;
  const cgroupFirst = prepared.cgroups.join(prepared.cgroupsPath).how === "clone-into";
  const rooms = cgroupFirst
    ? [stateRoom(subject), cgroupRoom(subject, true), agentRoom(subject)]
    : [stateRoom(subject), agentRoom(subject), cgroupRoom(subject, false)];
  return [
    ...rooms,
    userRoom(subject),
    birthRoom(subject),
    setupRoom(subject),
    besideRoom(subject),
    ...(subject.network ?? []),
    gateRoom(subject),
    execRoom(subject),
    endRoom(subject),
  ].filter(({ steps }) => steps.length > 0);
}

function stateRoom({ prepared, folder, nameLink }: Subject): Room {
  const file = (name: string, text: string) => writeCall(`${folder}/${name}`, text);
  const isHost = prepared.request.rootSource.kind === "host";
  const scratch = isHost ? [makeCall("mkdir", [quote(`${folder}/scratch`), "0700"])] : [];
  const made = prepared.storage?.folders.map((path) => makeCall("mkdir", [quote(path), "0755"]));
  const texts = prepared.etcFiles.map(({ name }) => file(name, `<${name}>`));
  return {
    title: "A place for its state",
    about: "Whatever a crash leaves is found by this folder: it is made first and removed last.",
    steps: [
      bunkerStep(
        "a folder of its own; whoever holds the lock is responsible for it",
        makeCall("mkdir", [quote(folder), "0700"]),
        makeCall("flock", [quote(`${folder}/state.json`), "LOCK_EX|LOCK_NB"]),
      ),
      bunkerStep(
        "its name, which only one can have",
        makeCall("symlink", [quote("<id>"), quote(nameLink)]),
      ),
      bunkerStep(
        "what the container is, for other commands and for whoever clears up after a crash",
        file("state.json", "<creating>"),
        ...scratch,
        ...texts,
      ),
      ...(made === undefined || made.length === 0
        ? []
        : [
            bunkerStep(
              "a writable layer above the image's, and the volumes, where missing",
              ...made,
            ),
          ]),
    ],
  };
}

function cgroupRoom({ prepared }: Subject, first: boolean): Room {
  const when = first
    ? "Made first, as the init process is born in it (clone3, CLONE_INTO_CGROUP)."
    : "Made while the agent makes the namespaces: two processes at work at once.";
  return {
    title: `The cgroup and its limits (${prepared.cgroups.mode})`,
    about: when,
    steps: explainCgroupSteps(prepared.cgroupSteps()),
  };
}

function agentRoom(subject: Subject): Room {
  const spawn = subject.performer === "agent" ? spawnAgent() : spawnServer();
  return {
    title: "The agent",
    about:
      "A JavaScript engine has many threads, which the kernel refuses user namespaces, and none of its memory must come into the container. So a tiny process does what has to be done inside.",
    steps: [spawn, ...explainSteps("agent", subject.plan.agentFirst)],
  };
}

const CHANNEL = [
  makeCall("memfd_create", [quote("bunker-channel"), "MFD_CLOEXEC"]),
  makeCall("mmap", ["NULL", "16 MiB", "PROT_READ|PROT_WRITE", "MAP_SHARED", "<channel>", "0"]),
];

function spawnAgent(): ExplainedStep {
  return bunkerStep(
    "a process with one thread and nothing of the host's in it: 200 bytes of machine code that perform the calls below, one after the other, from a memory that both share",
    ...CHANNEL,
    makeCall("memfd_create", [quote("bunker-agent"), "MFD_CLOEXEC|MFD_ALLOW_SEALING"]),
    makeCall("fcntl", ["<executable>", "F_ADD_SEALS", "F_SEAL_WRITE|…"]),
    { ...makeCall("posix_spawn", [quote("/proc/self/fd/<executable>")]), into: AGENT_PID },
  );
}

function spawnServer(): ExplainedStep {
  return bunkerStep(
    "the agent's stand-in: this program again, which performs the calls below with the functions of libc, from a memory that both share",
    ...CHANNEL,
    { ...makeCall("posix_spawn", ["<bunker>", quote(SERVE_COMMAND)]), into: AGENT_PID },
  );
}

function userRoom({ prepared, plan }: Subject): Room {
  const { linux } = prepared.spec;
  const { mapped } = plan;
  const pid = mapped === undefined ? AGENT_PID : HOLDER_PID;
  const maps = bunkerStep(
    "who is who: ids inside and outside, written from outside before anything else happens",
    writeCall(`/proc/${pid}/uid_map`, formatIdMap(linux?.uidMappings ?? [])),
    writeCall(`/proc/${pid}/gid_map`, formatIdMap(linux?.gidMappings ?? [])),
  );
  const steps = [
    ...explainSteps("agent", mapped?.hold ?? []),
    maps,
    ...explainSteps("agent", [...(mapped?.enter(HOLDER_PID) ?? []), ...plan.agentMapped]),
  ];
  return {
    title: "The user namespace",
    about: "It owns all the others, so it is finished before they are made.",
    steps: plan.namespaces.newUser ? steps : [],
  };
}

function birthRoom({ plan }: Subject): Room {
  return {
    title: "The init process is born",
    about: "clone(2) makes it in new namespaces at one stroke: it is their first process, pid 1.",
    steps: explainSteps("agent", plan.agentClone),
  };
}

function setupRoom({ plan }: Subject): Room {
  return {
    title: "Inside: the container's own view",
    about:
      "The init process builds it: every mount is made detached and attached by descriptor, every path is resolved inside the rootfs, so no symlink in there leads out. One part is performed while bunker plans the next.",
    steps: [() => [...plan.initGuard, plan.initCheck], ...plan.initSetup].flatMap((part) =>
      explainSteps("init", part()),
    ),
  };
}

/** What only the parent can do, while the init process is at work. */
function besideRoom({ prepared, plan }: Subject): Room {
  const { request, spec, cgroups, cgroupsPath } = prepared;
  const steps: ExplainedStep[] = [];
  if (request.cgroupJoin.how === "none" && cgroups.mode !== "none") {
    const files = cgroups.procsFiles(cgroupsPath).map((file) => writeCall(file, INIT_PID));
    steps.push(bunkerStep("into its cgroup, from outside: a mapped root may not do it", ...files));
  }
  const oomScoreAdj = spec.process?.oomScoreAdj;
  if (oomScoreAdj !== undefined) {
    const call = writeCall(`/proc/${INIT_PID}/oom_score_adj`, String(oomScoreAdj));
    steps.push(bunkerStep("whom the kernel kills first when memory runs out", call));
  }
  if (plan.terminal !== undefined) {
    steps.push(
      bunkerStep(
        "the other end of the container's terminal",
        makeCall("pidfd_open", [INIT_PID, "0"]),
        makeCall("pidfd_getfd", ["<pidfd>", `<${plan.terminal.master.label}>`, "0"]),
      ),
    );
  }
  return { title: "Meanwhile, outside", about: "What only the parent can do.", steps };
}

function gateRoom({ folder }: Subject): Room {
  return {
    title: "The gate",
    about: "Everything is ready, nothing of the user's has run yet: `create` would stop here.",
    steps: [
      bunkerStep(
        "signals that come from now on are the container's",
        makeCall("pidfd_open", [INIT_PID, "0"]),
        makeCall("rt_sigaction", ["SIGTERM and the others", "<pass it on to the pidfd>"]),
      ),
      bunkerStep(
        "let the init process go on",
        makeCall("futex", ["<page of init>", "FUTEX_WAKE", "1"]),
      ),
      bunkerStep(
        "while the program starts: from now on the container counts as running",
        writeCall(`${folder}/state.json`, "<running>"),
        writeCall(`${folder}/config.json`, "<the OCI specification>"),
      ),
    ],
  };
}

function execRoom({ plan }: Subject): Room {
  return {
    title: "Inside: from root to the program",
    about:
      "One batch: should any call of it fail, it goes to the exit_group at its end, and what failed is read from the shared memory. After execve nothing of bunker is left in the container.",
    steps: [...explainSteps("init", plan.initExec()), ...explainReaper(plan)],
  };
}

/** An address that stands for the one that the loop will have. */
const LOOP_OFFSET = 0x10000;

function explainReaper({ reaper }: ContainerPlan): ExplainedStep[] {
  if (reaper === undefined) return [];
  const why =
    "in a loop: wait for a signal; reap whatever has ended, and end with the program; pass any other signal on to it";
  return [
    ...explainSteps("program", reaper.program()),
    ...explainSteps("init", [{ why, calls: reaper.loop(LOOP_OFFSET) }]),
  ];
}

function endRoom({ prepared, folder, nameLink }: Subject): Room {
  const { cgroups, cgroupsPath } = prepared;
  const directories = cgroups
    .procsFiles(cgroupsPath)
    .map((file) => file.slice(0, file.lastIndexOf("/")))
    .map((path) => ({ ...makeCall("rmdir", [quote(path)]), path }));
  const wait: ExplainedStep = {
    who: "agent",
    why: "wait for the container's end, whatever becomes of the command line",
    calls: [
      makeCall("prctl", ["PR_SET_PDEATHSIG", "0"]),
      makeCall("waitid", ["P_PID", INIT_PID, "&siginfo", "WEXITED", "NULL"]),
      makeCall("exit_group", ["0"]),
    ],
  };
  const clear = bunkerStep(
    "nothing is left",
    ...directories,
    makeCall("unlink", [quote(nameLink)]),
    makeCall("rmdir", [quote(folder)]),
  );
  return {
    title: "The end",
    about: "The exit status stands in the shared memory; the kernel removes namespaces and mounts.",
    steps: [wait, bunkerStep("wait for both", makeCall("waitid", ["P_PID", AGENT_PID])), clear],
  };
}
