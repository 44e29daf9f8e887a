// The command lines that docker and bunker are asked side by side, as a user of docker types them: shell
// lines, in groups. A group's lines run in order, so that each finds what those before it have left;
// after a group its containers are removed. Both sides begin with one image, `box`: busybox. (Not
// `bb`: one image in 256 has an id that begins so, and docker takes that for the id.)
import { cp } from "./cp.ts";
import { create } from "./create.ts";
import { events } from "./events.ts";
import { exec } from "./exec.ts";
import { flags } from "./flags.ts";
import { images } from "./images.ts";
import { inspect } from "./inspect.ts";
import { life } from "./life.ts";
import { logs } from "./logs.ts";
import { networks } from "./networks.ts";
import { ps } from "./ps.ts";
import { refusals } from "./refusals.ts";
import { run } from "./run.ts";
import { system } from "./system.ts";
import { volumes } from "./volumes.ts";

export type Table = Readonly<Record<string, readonly string[]>>;

export const table: Table = {
  create,
  refusals,
  run,
  life,
  exec,
  logs,
  ps,
  inspect,
  events,
  cp,
  images,
  volumes,
  networks,
  system,
  flags,
};
