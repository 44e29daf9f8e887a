// config.json as the OCI runtime specification 1.2 (and the fields 1.3 added) has it for Linux: the
// top of it and what is not Linux's own. The larger parts have a room each. Field names and order are
// the specification's; a number is a JavaScript number, see RLIM_INFINITY for the one place it matters.
// Specification: config.md.

import type { Linux } from "./spec-linux.ts";
import type { Process } from "./spec-process.ts";

export type * from "./spec-linux.ts";
export type * from "./spec-process.ts";
export type * from "./spec-resources.ts";

/** The whole of config.json. Specification: config.md. */
export interface Spec {
  readonly ociVersion: string;
  readonly process?: Process;
  readonly root?: Root;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts?: readonly Mount[];
  readonly hooks?: Hooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux?: Linux;
}

/** The root file system: `path` is absolute or relative to the bundle. */
export interface Root {
  readonly path: string;
  readonly readonly?: boolean;
}

/** A range of ids: `size` ids from `containerID` on are `hostID` and the following ones outside. */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** One entry of `mounts`; the order of the list is the order they are mounted in. */
export interface Mount {
  /** Absolute once parsed: a relative one is taken from "/", as the specification has it. */
  readonly destination: string;
  readonly type?: string;
  /** A device, a name, or for bind mounts a path (absolute or relative to the bundle). */
  readonly source?: string;
  readonly options?: readonly string[];
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
}

/** One program to run at a point of the life cycle; the state JSON is on its stdin. */
export interface Hook {
  readonly path: string;
  /** With args[0], as execve(2) has it. */
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  /** In seconds; absent: it may take for ever. */
  readonly timeout?: number;
}

/** Hooks by the point they run at. `prestart` is deprecated, but docker's networking lives on it. */
export interface Hooks {
  readonly prestart?: readonly Hook[];
  readonly createRuntime?: readonly Hook[];
  readonly createContainer?: readonly Hook[];
  readonly startContainer?: readonly Hook[];
  readonly poststart?: readonly Hook[];
  readonly poststop?: readonly Hook[];
}

/**
 * "No limit" of setrlimit(2): 2^64-1 in C and in config.json. A JavaScript number has no room for it and
 * gets 2^64, so compare with `>=`; formatSpec writes it back as it was.
 */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffff;
