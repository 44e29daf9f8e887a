// Into which cgroups a process of `exec` goes: the container's, or some below.

import type { CgroupJoin, CgroupControl } from "../../../cgroups/manager.ts";
import { isDirectory, readText, readTextIfThere } from "../../../ffi/files.ts";
import { birthplace } from "../../container/plan-cgroup.ts";
import { listCgroupViews } from "../../container/cgroup-views.ts";
import type { CgroupView } from "../../container/request.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import { findNamespace } from "./feature-needs.ts";
import { cgroupsOf } from "./cgroups-of.ts";
import type { OciRecord } from "./store.ts";

/**
 * @param asked the values of --cgroup: PATH, or on v1 CONTROLLER[,CONTROLLER]:PATH
 * @throws UserError for a path that leads out, or a controller that is not there
 */
export function joinOf(record: OciRecord, spec: Spec, asked: readonly string[]): CgroupJoin {
  const cgroups = cgroupsOf(record);
  if (asked.length === 0) return joinRunning(cgroups, record, spec);
  const own = whatThereIs(cgroups.join(record.cgroupsPath));
  return joinInTime(joinBelow(cgroups, record.cgroupsPath, own, asked), spec);
}

/** The cgroups of a container that runs, for a process that enters its namespaces. */
export function joinRunning(
  cgroups: CgroupControl,
  { cgroupsPath, initPid }: { readonly cgroupsPath: string; readonly initPid: number },
  spec: Spec,
): CgroupJoin {
  const own = whatThereIs(cgroups.join(cgroupsPath));
  return joinInTime(joinUsable(own, cgroups, initPid), spec);
}

const joinInTime = (join: CgroupJoin, spec: Spec): CgroupJoin =>
  findNamespace(spec, "user") === undefined ? join : joinBefore(join);

/**
 * Kernel: a v2 cgroup that hands controllers down can have no processes of its own (EBUSY). A container
 * that has moved its init down and done so, such as one with systemd in it, is joined there instead.
 */
function joinUsable(own: CgroupJoin, cgroups: CgroupControl, initPid: number): CgroupJoin {
  if (own.how !== "clone-into") return own;
  const handedDown = readTextIfThere(`${own.directory}/cgroup.subtree_control`) ?? "";
  if (handedDown.trim() === "") return own;
  const below = own.directory.slice(cgroups.mountPoints()[0]?.length ?? 0);
  const [, path = ""] = /^0::(.*)$/m.exec(readText(`/proc/${initPid}/cgroup`)) ?? [];
  const at = path.indexOf(`${below}/`);
  return at < 0 ? own : { ...own, directory: own.directory + path.slice(at + below.length) };
}

function joinBelow(
  cgroups: CgroupControl,
  cgroupsPath: string,
  own: CgroupJoin,
  asked: readonly string[],
): CgroupJoin {
  const views = listCgroupViews(cgroups, cgroupsPath, false);
  const files = new Map<string, string>();
  for (const view of views) files.set(view.name, view.directory);
  for (const text of asked) place(text, views, files);
  const file = own.how === "clone-into" ? "cgroup.procs" : "tasks";
  return {
    how: "self",
    files: [...files.values()].map((path) => `${path}/${file}`),
    ...(own.how === "self" && own.bornIn !== undefined ? { bornIn: own.bornIn } : {}),
  };
}

/** A hierarchy may have been mounted since: the container has no cgroup in it, and needs none. */
function whatThereIs(join: CgroupJoin): CgroupJoin {
  return join.how === "self" ? { ...join, mayMiss: true } : join;
}

/** A process of a user namespace may not be born in the host's cgroup: the agent goes there before. */
function joinBefore(join: CgroupJoin): CgroupJoin {
  const directory = birthplace(join);
  if (directory === undefined) return join;
  const self = join.how === "self" ? join : { files: [], mayMiss: false };
  const { files, mayMiss = false } = self;
  return { how: "self", files: [...files, `${directory}/cgroup.procs`], mayMiss };
}

function place(text: string, views: readonly CgroupView[], files: Map<string, string>): void {
  const colon = text.indexOf(":");
  const path = colon < 0 ? text : text.slice(colon + 1);
  const controllers = colon < 0 ? undefined : text.slice(0, colon).split(",");
  const chosen = controllers === undefined ? views : controllers.map((name) => find(name, views));
  for (const view of chosen) files.set(view.name, below(view.directory, path));
}

function find(controller: string, views: readonly CgroupView[]): CgroupView {
  for (const view of views) {
    if (view.name === controller || view.links.includes(controller)) return view;
  }
  throw new UserError(`unknown controller ${controller}`, undefined, 255);
}

function below(directory: string, path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    throw new UserError(`bad sub cgroup path: ${path} is not a sub cgroup path`, undefined, 255);
  }
  const found = [directory, ...parts].join("/");
  if (isDirectory(found)) return found;
  const message = `unable to start container process: error adding pid of the process to cgroups: open ${found}/cgroup.procs: no such file or directory`;
  throw new UserError(message, undefined, 255);
}
