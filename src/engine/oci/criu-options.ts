// What `checkpoint` and `restore` take, and the command lines of criu(8) that follow from it. Pure.
import type { Mount, Spec } from "../../oci/spec.ts";
import { isBind } from "./bundle.ts";

/** What both have. Paths are absolute. */
export interface CriuOptions {
  readonly id: string;
  /** Where the image is. */
  readonly imagePath: string;
  /** Where logs go: beside the image unless said. */
  readonly workPath?: string;
  readonly tcpEstablished: boolean;
  readonly externalUnixSockets: boolean;
  readonly shellJob: boolean;
  readonly fileLocks: boolean;
  readonly lazyPages: boolean;
  readonly autoDeduplicate: boolean;
  /** soft, full, strict, ignore: criu's words. */
  readonly cgroupsMode?: string;
}

export interface CheckpointOptions extends CriuOptions {
  /** Of an earlier image, relative to this one. */
  readonly parentPath?: string;
  readonly leaveRunning: boolean;
  /** Only the memory, of a container that goes on. */
  readonly preDump: boolean;
  readonly linkRemap: boolean;
  readonly skipInFlight: boolean;
  readonly pageServer?: { readonly address: string; readonly port: number };
  /** Inherited by criu, which writes a byte to it when its page server is ready. */
  readonly statusFd?: number;
}

export interface RestoreOptions extends CriuOptions {
  readonly bundle: string;
  readonly detach: boolean;
  readonly pidFile?: string;
  readonly lsmProfile?: string;
  readonly lsmMountContext?: string;
}

/** What a container has that is not in its image. */
export interface Outside {
  /** Its mounts and nodes that come from the host: place in the container → path on the host. */
  readonly mounts: ReadonlyMap<string, string>;
  /** Of a network namespace that it joined: its path, and its inode. */
  readonly network?: { readonly path: string; readonly inode: string };
  /**
   * The cgroup that its processes are frozen by. criu waits forever for those of a paused container
   * where it does not know.
   */
  readonly freezer?: string;
}

/** The name by which criu knows the network namespace again. */
const NETWORK_KEY = "extRootNetNS";

/** `criu dump …` */
export function dumpArguments(
  options: CheckpointOptions,
  initPid: number,
  rootfs: string,
  outside: Outside,
): string[] {
  const { pageServer } = options;
  return [
    options.preDump ? "pre-dump" : "dump",
    "--tree",
    String(initPid),
    "--root",
    rootfs,
    ...sharedArguments(options, "dump.log"),
    ...value("--freeze-cgroup", outside.freezer),
    ...flag("--leave-running", options.leaveRunning),
    ...flag("--link-remap", options.linkRemap),
    ...flag("--skip-in-flight", options.skipInFlight),
    ...value("--prev-images-dir", options.parentPath),
    ...flag("--track-mem", options.parentPath !== undefined || options.preDump),
    ...(pageServer === undefined
      ? []
      : ["--page-server", "--address", pageServer.address, "--port", String(pageServer.port)]),
    ...value("--status-fd", options.statusFd?.toString()),
    ...networkOf(outside, (key, { inode }) => ["--external", `net[${inode}]:${key}`]),
    ...(options.preDump ? [] : externalMounts(outside, (place) => `mnt[${place}]:${place}`)),
  ];
}

/** Descriptors that criu hands to the restored processes: what they were → the number here. */
export type Inherited = ReadonlyMap<string, number>;

/** `criu restore …` @param root where the root file system is mounted for criu */
export function restoreArguments(
  options: RestoreOptions,
  root: string,
  pidFile: string,
  outside: Outside,
  inherited: Inherited,
): string[] {
  return [
    "restore",
    "--root",
    root,
    "--pidfile",
    pidFile,
    "--restore-detached",
    // Its exit status is for whoever is the parent: this process, where it waits.
    ...flag("--restore-sibling", !options.detach),
    "--evasive-devices",
    ...sharedArguments(options, "restore.log"),
    ...value("--lsm-profile", options.lsmProfile),
    ...value("--lsm-mount-context", options.lsmMountContext),
    ...networkOf(outside, (key, { path }) => ["--external", `net[${key}]:${path}`]),
    ...externalMounts(outside, (place, source) => `mnt[${place}]:${source}`),
    ...[...inherited].flatMap(([what, fd]) => ["--inherit-fd", `fd[${fd}]:${what}`]),
  ];
}

function sharedArguments(options: CriuOptions, log: string): string[] {
  return [
    "--images-dir",
    options.imagePath,
    ...value("--work-dir", options.workPath),
    "--log-file",
    log,
    "-v4",
    `--manage-cgroups${options.cgroupsMode === undefined ? "" : `=${options.cgroupsMode}`}`,
    ...flag("--tcp-established", options.tcpEstablished),
    ...flag("--ext-unix-sk", options.externalUnixSockets),
    ...flag("--shell-job", options.shellJob),
    ...flag("--file-locks", options.fileLocks),
    ...flag("--lazy-pages", options.lazyPages),
    ...flag("--auto-dedup", options.autoDeduplicate),
  ];
}

function flag(name: string, isGiven: boolean): string[] {
  return isGiven ? [name] : [];
}

function value(name: string, given: string | undefined): string[] {
  return given === undefined ? [] : [name, given];
}

/** Network devices are not this runtime's: whoever made them makes them again. */
function networkOf(
  { network }: Outside,
  describe: (key: string, network: NonNullable<Outside["network"]>) => string[],
): string[] {
  return network === undefined ? ["--empty-ns", "net"] : describe(NETWORK_KEY, network);
}

function externalMounts(
  { mounts }: Outside,
  describe: (place: string, source: string) => string,
): string[] {
  return [...mounts].flatMap(([place, source]) => ["--external", describe(place, source)]);
}

/**
 * What of a spec comes from the host: bind mounts, device nodes, files that are masked by /dev/null.
 * @param isFolder whether a masked path is a folder, which a tmpfs covers
 */
export function mountsFromOutside(
  spec: Spec,
  isFolder: (path: string) => boolean,
): Map<string, string> {
  const mounts = new Map<string, string>();
  for (const mount of spec.mounts ?? []) {
    if (isBind(mount)) mounts.set(mount.destination, sourceOf(mount));
  }
  for (const path of spec.linux?.maskedPaths ?? []) {
    if (!isFolder(path)) mounts.set(path, "/dev/null");
  }
  for (const { path } of spec.linux?.devices ?? []) mounts.set(path, path);
  return mounts;
}

const sourceOf = ({ source = "" }: Mount): string => source;
