// `kill`: a signal for a container's init process, or for all of its processes.

import { prepareErrno } from "../../../ffi/library.ts";
import { UserError } from "../../errors.ts";
import type { KillOptions, OciGlobals } from "./options.ts";
import { signalInit } from "./signal-init.ts";
import { statusOf } from "./status.ts";
import { type OciRecord, OciStore } from "./store.ts";

const SIGKILL = 9;

/** @throws UserError where there is no such container, or it does not run */
export async function killContainer(options: KillOptions, globals: OciGlobals): Promise<void> {
  prepareErrno();
  const store = new OciStore(globals.root);
  const record = store.read(options.id);
  const status = await statusOf(record, store.folder(options.id));
  if (options.all) return signalAll(record, options.signal);
  // Nobody else ends what a container in the host's pid namespace has started, be its init gone or
  // not.
  if (record.sharesPids === true && options.signal === SIGKILL && (await hasProcesses(record))) {
    return signalAll(record, SIGKILL);
  }
  if (status === "stopped") throw notRunning();
  if (!signalInit(record, options.signal)) throw notRunning();
  // Kernel: a frozen process of v1 dies only once it is thawed.
  if (options.signal === SIGKILL && status === "paused") await thaw(record);
}

const notRunning = (): UserError => new UserError("container not running", undefined, 1);

// Start-up: a signal for the init process alone needs no cgroups, and most are that.
const loadCgroups = () => import("./cgroups-of.ts");

async function hasProcesses(record: OciRecord): Promise<boolean> {
  if (record.cgroupsPath === "") return false;
  const { cgroupsOf } = await loadCgroups();
  return cgroupsOf(record).pids(record.cgroupsPath, { recursive: true }).length > 0;
}

async function signalAll(record: OciRecord, signal: number): Promise<void> {
  if (record.cgroupsPath === "") return;
  (await loadCgroups()).cgroupsOf(record).kill(record.cgroupsPath, signal);
}

async function thaw(record: OciRecord): Promise<void> {
  (await loadCgroups()).cgroupsOf(record).thaw(record.cgroupsPath);
}
