// Which namespaces a container gets: made, joined by path, or the caller's own (not in the list).
// Order and defaults are docker's. man 7 namespaces.

import { UserError } from "../errors.ts";
import type { Namespace, NamespaceType } from "../oci/spec.ts";
import type { SpecFacts } from "./host-facts.ts";
import type { NamespaceOption, RunOptions } from "./run-options.ts";

type Option = NamespaceOption | { readonly kind: "auto" } | { readonly kind: "default" };

/** True where the option makes a new namespace: it is neither shared nor joined. */
export function makesNamespace(option: Option): boolean {
  const { kind } = option;
  return kind !== "host" && kind !== "container" && kind !== "path" && kind !== "default";
}

/**
 * The list for `linux.namespaces`.
 * @throws UserError for a container that is not running, or a user namespace without id ranges
 */
export function makeNamespaces(options: RunOptions, facts: SpecFacts): Namespace[] {
  const list: Namespace[] = [{ type: "mount" }];
  add(list, "network", options.network, facts);
  if (facts.timeNamespace) list.push({ type: "time" });
  add(list, "uts", options.uts, facts);
  add(list, "pid", options.pid, facts);
  add(list, "ipc", options.ipc, facts);
  addUser(list, options, facts);
  add(list, "cgroup", cgroupOption(options, facts), facts);
  return list;
}

/** The path of a joined namespace, or undefined for one that is made or shared. */
export function findNamespacePath(
  type: NamespaceType,
  option: Option,
  facts: SpecFacts,
): string | undefined {
  if (option.kind === "path") return option.path;
  if (option.kind !== "container") return undefined;
  const pid = facts.containerPids?.[option.id];
  if (pid === undefined)
    throw new UserError(`cannot join namespaces of "${option.id}": not running`);
  return `/proc/${pid}/ns/${type === "network" ? "net" : type}`;
}

function add(list: Namespace[], type: NamespaceType, option: Option, facts: SpecFacts): void {
  const path = findNamespacePath(type, option, facts);
  if (path !== undefined) list.push({ type, path });
  else if (makesNamespace(option)) list.push({ type });
}

function cgroupOption(options: RunOptions, facts: SpecFacts): NamespaceOption {
  if (options.cgroupns.kind !== "default") return options.cgroupns;
  return { kind: facts.defaultCgroupNamespace };
}

function addUser(list: Namespace[], options: RunOptions, facts: SpecFacts): void {
  const { userns } = options;
  if (userns.kind === "path") {
    list.push({ type: "user", path: userns.path });
    return;
  }
  if (facts.idMappings === undefined) {
    if (userns.kind === "host") return;
    throw new UserError(
      `user namespace mode ${userns.kind} needs ranges of ids: got none`,
      "give the user a range in /etc/subuid and /etc/subgid",
    );
  }
  // Kernel: a namespace can be joined only from the user namespace that owns it, or above.
  const shared = [options.network, options.ipc, options.pid].find(
    (one) => one.kind === "container",
  );
  add(list, "user", shared ?? { kind: "private" }, facts);
}
