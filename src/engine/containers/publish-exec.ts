// The prelude of an `exec` whose words were just written down (src/container/prelude/enter-tape.ts).

import { readLink, readTextIfThere } from "../../../ffi/files.ts";
import { listForwarded } from "../../../ffi/forward-signals.ts";
import type { Check } from "../../container/prelude/checks.ts";
import { type EnterTold, writeEnter } from "../../container/prelude/enter-tape.ts";
import { makeStandIns } from "../../container/stand-ins.ts";
import { describeRun } from "../events/describe-run.ts";
import { EVENTS_FILE } from "../events/event-log.ts";
import type { ToldContainer } from "../events/tell.ts";
import { HEAD_BYTES, TIME_OFFSET, TOLD_BY_AGENT } from "../events/told-by-agent.ts";
import type { KeptLaunch, KeptWords, LaunchBasis } from "../replay/kept.ts";
import { checkContents, findChecks } from "../replay/prelude/checks-of.ts";
import { publishPrelude } from "../replay/prelude/publish.ts";

const ID_LENGTH = 64;

export interface ExecToPublish {
  readonly runFolder: string;
  readonly container: ToldContainer;
  /** As events have it. */
  readonly command: string;
  readonly words: KeptWords;
  readonly launch: KeptLaunch<LaunchBasis>;
  readonly arena: Uint8Array;
}

export function publishExec(request: ExecToPublish): void {
  const { runFolder, launch, arena, words } = request;
  const [{ id: standInId }] = makeStandIns(ID_LENGTH);
  const { detach, interactive } = words;
  publishPrelude({
    runFolder,
    standInId,
    make(prelude, _line, boot) {
      const checks = checkWords(words, launch);
      if (checks === undefined) return undefined;
      const own = { checks, score: launch.score, arena, detach, interactive };
      const told = describeTold(request, standInId);
      return writeEnter({ ...prelude, ...own, signals: listForwarded(), told }, boot);
    },
  });
}

/** All that says that the container is as it was, and that its processes are those that they were. */
function checkWords(
  { links, files, absent, processes, observations }: KeptWords,
  launch: KeptLaunch<LaunchBasis>,
): Check[] | undefined {
  const asked = [...observations, ...launch.observations];
  const observed = findChecks(asked, launch.standInId);
  const [init, guardian] = processes;
  if (observed === undefined || init === undefined || guardian === undefined) return undefined;
  const contents = files.map(([path]) => checkContents(path));
  const isInit = checkInit(init[0]);
  const isGuardian = checkLink(`/proc/${guardian[0]}/exe`);
  const own = [...contents, isInit, isGuardian];
  if (!own.every((check) => check !== undefined)) return undefined;
  const named = links.map(([path, target]): Check =>
    target === null ? { kind: "absent", path } : { kind: "link", path, target: encode(target) },
  );
  return [...named, { kind: "absent", path: absent }, ...own, ...observed];
}

/** A process of that number in this container's cgroup, which is called by its id, is its init process. */
function checkInit(pid: number): Check | undefined {
  const path = `/proc/${pid}/cgroup`;
  const text = readTextIfThere(path);
  return text === undefined ? undefined : { kind: "text", path, bytes: encode(text) };
}

function checkLink(path: string): Check | undefined {
  const target = readLink(path);
  return target === undefined ? undefined : { kind: "link", path, target: encode(target) };
}

/** One line for its beginning, one for its end: see told-by-agent.ts. */
function describeTold({ runFolder, container, command }: ExecToPublish, execID: string): EnterTold {
  const { id, name, options } = container;
  const about = describeRun({ ...options, name });
  const line = { type: "container", id };
  const actions = [`exec_create: ${command}`, `exec_start: ${command}`];
  const begun = JSON.stringify({ ...line, actions, attributes: { ...about, execID } });
  const ended = JSON.stringify({
    ...line,
    actions: ["exec_die"],
    attributes: { ...about, execID },
  });
  return {
    file: `${runFolder}/${EVENTS_FILE}`,
    headBytes: HEAD_BYTES,
    timeOffset: TIME_OFFSET,
    kind: TOLD_BY_AGENT,
    begun: `${begun}\n`,
    ended: [`${ended.slice(0, -2)},"exitCode":`, `}}\n`],
  };
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
