// The text of a container's record, in an order that a prelude can rely on (src/container/prelude): first
// what never changes, then how it is, then who its init process is, then the rest.
//
//   {"plain":true,"id":"ID","cgroupDirectories":[…],"status":"created","init":"4711 123456", …}
//
// A prelude puts no texts together: what it writes has the init process's own /proc/PID/stat in "init", and
// no time; config.json was written at the same moment.

import { parseStat } from "../../../ffi/agent/alive.ts";
import { AT_FDCWD } from "../../../ffi/constants.ts";
import { STATX, statx } from "../../../ffi/statx.ts";
import type { OciRecord } from "./store.ts";

/** The record as it is kept. */
type Kept = Omit<OciRecord, "initPid" | "initStart"> & {
  readonly plain?: true;
  readonly init?: string;
} & Partial<Pick<OciRecord, "initPid" | "initStart">>;

/** Whether starting and deleting it is nothing but what every container needs. */
const isPlain = ({ cgroupDirectories, hasHooks, resctrlGroup, sharesPids }: OciRecord): boolean =>
  cgroupDirectories !== undefined && (hasHooks ?? resctrlGroup ?? sharesPids) === undefined;

/** What never changes; undefined of one that is not plain. */
export function formatFixed(record: OciRecord): string | undefined {
  if (!isPlain(record)) return undefined;
  const { id, cgroupDirectories } = record;
  return JSON.stringify({ plain: true, id, cgroupDirectories }).slice(0, -1);
}

export const formatStatus = (status: OciRecord["status"]): string => `,"status":"${status}"`;
/** Before the text that says who the init process is. */
export const INIT_KEY = `,"init":"`;

/** All behind it, with the quote that ends it. */
export function formatRest(record: OciRecord): string {
  const { id: _id, cgroupDirectories, status: _status, initPid: _pid, ...others } = record;
  const { initStart: _start, ...rest } = others;
  const isFixed = isPlain(record) || cgroupDirectories === undefined;
  return `",${JSON.stringify(isFixed ? rest : { ...rest, cgroupDirectories }).slice(1)}`;
}

export function formatRecord(record: OciRecord): string {
  const { id, initPid, initStart, status } = record;
  const fixed = formatFixed(record) ?? JSON.stringify({ id }).slice(0, -1);
  return `${fixed}${formatStatus(status)}${INIT_KEY}${initPid} ${initStart}${formatRest(record)}`;
}

/**
 * The files are ours alone; what is no record was never finished.
 * @param folder the container's
 */
export function parseRecord(text: string | undefined, folder: string): OciRecord | undefined {
  if (text === undefined || text === "") return undefined;
  let kept: Kept;
  try {
    kept = JSON.parse(text) as Kept;
  } catch {
    return undefined;
  }
  const { plain: _plain, init, ...rest } = kept;
  const record = { initPid: 0, initStart: "", ...rest, ...parseInit(init) };
  return record.created === "" ? { ...record, created: timeOf(`${folder}/config.json`) } : record;
}

function parseInit(init: string | undefined): Pick<OciRecord, "initPid" | "initStart"> | undefined {
  if (init === undefined) return undefined;
  if (init.includes(")")) {
    const { pid, start } = parseStat(init);
    return { initPid: pid, initStart: start };
  }
  const space = init.indexOf(" ");
  return { initPid: Number(init.slice(0, space)), initStart: init.slice(space + 1) };
}

/** RFC 3339 with nanoseconds; "" where there is no such file. */
function timeOf(path: string): string {
  const stat = statx(AT_FDCWD, path);
  if (stat === undefined) return "";
  const seconds = Number(stat.getBigInt64(STATX.modified, true));
  const nanoseconds = stat.getUint32(STATX.modified + 8, true);
  const [whole = ""] = new Date(seconds * 1000).toISOString().split(".");
  return `${whole}.${String(nanoseconds).padStart(9, "0")}Z`;
}
