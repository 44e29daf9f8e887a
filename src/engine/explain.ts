// `explain run`: the plan of a container instead of the container. Nothing is changed on the host,
// and nothing needs a privilege: what `run` would need root for is only told.

import { planContainer } from "../container/plan.ts";
import { writeAll } from "../../ffi/files.ts";
import { geteuid } from "../../ffi/identity.ts";
import type { ExplainFormat } from "./tool-options.ts";
import { listCapabilities } from "./capabilities.ts";
import { countAll, type Explanation } from "./explain/explanation.ts";
import { listRooms } from "./explain/rooms.ts";
import { summarizeSeccomp } from "./explain/seccomp-summary.ts";
import { formatText } from "./explain/text.ts";
import { prepare } from "./prepare.ts";
import type { RunOptions } from "./run-options.ts";
import { runFolder } from "./run-folder.ts";

/** Stands for what is different each time. */
const ID = "<id>";
const NAME = "<name>";
const WIDTH_WITHOUT_TERMINAL = 100;

/** Prints what `run` would do. @returns 0 @throws UserError for what `run` would refuse */
export async function explainRun(options: RunOptions, format: ExplainFormat): Promise<number> {
  const explanation = await explain(options);
  const text = format === "json" ? formatJson(explanation) : formatText(explanation, findPage());
  writeAll(1, text, "stdout");
  return 0;
}

/** What `run` would do with these options, here and now. */
export async function explain(options: RunOptions): Promise<Explanation> {
  const run = runFolder(process.env);
  const folder = `${run}/containers/${ID}`;
  const assumed = { capabilities: listCapabilities(), seccompCache: "" };
  const prepared = await prepare(options, ID, folder, assumed);
  const plan = planContainer(prepared.request);
  const { seccomp } = prepared.request;
  const { network, lacks } = await explainNetwork(options);
  const nameLink = `${run}/names/${options.name ?? NAME}`;
  return {
    notes: listNotes([...prepared.warnings, ...lacks]),
    rooms: listRooms({ prepared, plan, folder, nameLink, performer: options.performer, network }),
    ...(seccomp === undefined
      ? {}
      : { seccomp: summarizeSeccomp(seccomp.program, seccompOrigin(options)) }),
    namespaces: (prepared.spec.linux?.namespaces ?? []).map(({ type, path }) =>
      path === undefined ? type : `${type} (joined)`,
    ),
  };
}

/** Its rooms, and why it has none although it would. */
async function explainNetwork({ networking }: RunOptions) {
  if (networking === undefined) return { network: [], lacks: [] };
  const { explainNetworks, findLack } = await import("./networks/explain-network.ts");
  const lack = findLack(networking);
  if (lack === undefined) return { network: explainNetworks(networking), lacks: [] };
  const { describeLack } = await import("./networks/usual-network.ts");
  return { network: [], lacks: [describeLack(lack)] };
}

function listNotes(warnings: readonly string[]): string[] {
  const notes = [
    "What `bunker run` would do, in order. Nothing was changed to find it out; what stands in <angle brackets> is known only when it runs.",
  ];
  if (geteuid() !== 0) {
    notes.push("You are not root: this is what root would do here, with all capabilities.");
  }
  return [...notes, ...warnings.map((warning) => `Warning: ${warning}`)];
}

function seccompOrigin({ security }: RunOptions): string {
  const { seccomp, capAdd, capDrop, privileged } = security;
  if (seccomp !== "default") return `compiled from ${seccomp} and kept in a cache`;
  return capAdd.length + capDrop.length === 0 && !privileged
    ? "the default profile, compiled when bunker was built"
    : "the default profile for these capabilities";
}

/** All of it, the calls that the page folds included. */
export function formatJson({ notes, rooms, seccomp, namespaces }: Explanation): string {
  const steps = rooms.flatMap(({ title, steps }) =>
    steps.map((step) => ({ room: title, ...step })),
  );
  const totals = { ...countAll(rooms), namespaces: namespaces.length };
  return `${JSON.stringify({ notes, steps, seccomp: seccomp ?? null, namespaces, totals }, null, 2)}\n`;
}

function findPage(): { columns: number; styled: boolean } {
  const { isTTY, columns } = process.stdout;
  return {
    columns: isTTY && columns > 0 ? columns : WIDTH_WITHOUT_TERMINAL,
    styled: isTTY && process.env["NO_COLOR"] === undefined,
  };
}
