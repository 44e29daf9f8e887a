// What there is to say about a replayed container that ended as few do: not executed, out of memory.

import type { ExitStatus } from "../../container/end.ts";
import type { Results } from "../../container/launch.ts";
import { planContainer } from "../../container/plan.ts";
import { tellOutOfMemory } from "../out-of-memory.ts";
import { prepare } from "../prepare.ts";
import type { Reservation } from "../state-store.ts";
import { refuseFailed } from "../watch.ts";
import type { ParseOptions } from "./replay.ts";

const SIGKILL = 9;

/**
 * @param results of the calls from the gate to the program
 * @throws UserError where the program could not be executed
 */
export async function tellEndOf(
  { kind, value }: ExitStatus,
  results: Results,
  { id, folder }: Reservation,
  parse: ParseOptions,
): Promise<void> {
  const options = await parse();
  if (options === undefined) return;
  const prepared = await prepare(options, id, folder);
  using _storage = prepared.storage;
  const { initExec } = planContainer(prepared.request);
  refuseFailed(initExec(), results, prepared.spec.process?.args[0] ?? "");
  const isKilled = kind === "exited" ? value === 128 + SIGKILL : value === SIGKILL;
  if (isKilled) tellOutOfMemory(prepared);
}
