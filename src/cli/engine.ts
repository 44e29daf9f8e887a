// What the commands ask of the engine: the seam at which the command line ends. mod.ts hands in the
// real one, each verb loading its module when it is called; tests hand in a recorder.
import type * as containerVerbs from "../engine/containers/verbs.ts";
import type * as imageVerbs from "../engine/images/verbs.ts";
import type * as systemVerbs from "../engine/system/verbs.ts";
import type * as networkVerbs from "../engine/networks/verbs.ts";
import type * as volumeVerbs from "../engine/volumes/verbs.ts";
import type { RunOptions } from "../engine/run-options.ts";
import type {
  CloneOptions,
  EnterOptions,
  ExplainFormat,
  UnshareOptions,
} from "../engine/tool-options.ts";

/** Each verb returns the exit code of the program it ran, or 0. */
export interface Engine {
  runContainer(options: RunOptions): Promise<number>;
  explainRun(options: RunOptions, format: ExplainFormat): Promise<number>;
  unshare(options: UnshareOptions): Promise<number>;
  enterNamespaces(options: EnterOptions): Promise<number>;
  clone(options: CloneOptions): Promise<number>;
  /** The verbs of containers that are kept, loaded together. */
  containers(): Promise<ContainerVerbs>;
  /** The verbs of images, loaded together. */
  images(): Promise<ImageVerbs>;
  /** The verbs of networks, loaded together. */
  networks(): Promise<NetworkVerbs>;
  /** The verbs of volumes, loaded together. */
  volumes(): Promise<VolumeVerbs>;
  /** The verbs of all that is kept. */
  system(): Promise<SystemVerbs>;
}

export type SystemVerbs = typeof systemVerbs;

export type ContainerVerbs = typeof containerVerbs;

export type ImageVerbs = typeof imageVerbs;

export type NetworkVerbs = typeof networkVerbs;

export type VolumeVerbs = typeof volumeVerbs;
