// The bench's own command line.

import { UserError } from "../src/errors.ts";

export const USAGE = `usage: bun bench/start.ts [flags]   (as root)

  --rounds N     runs of each subject, interleaved (50)
  --pause MS     quiet time before each run (0)
  --rootfs DIR   the root file system (the tests' busybox tree)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes every sample there as well
  --check        exit status 1 where a bar is missed
`;

export const OCI_USAGE = `usage: bun bench/oci.ts [flags]   (as root)

  --rounds N      runs of each verb, interleaved (50)
  --pause MS      quiet time before each run (0)
  --rootfs DIR    the root file system (the tests' busybox tree)
  --bunker FILE   the executable (dist/bunker)
  --seccomp FILE  a profile as linux.seccomp has it (podman's default one)
  --json FILE     writes every sample there as well
  --check         exit status 1 where a bar is missed
`;

export const PULL_USAGE = `usage: bun bench/pull.ts [flags]   (as root)

  --rounds N      pulls of each image by everybody, interleaved (15)
  --pause MS      quiet time before each pull (0)
  --rootfs DIR    what the large image is made of (the tests' Debian tree)
  --bunker FILE   the executable (dist/bunker)
  --json FILE     writes every sample there as well
  --check         exit status 1 where a bar is missed
`;

export const ARCHIVES_USAGE = `usage: bun bench/archives.ts [flags]   (as root)

  --rounds N     loads and saves of each image by everybody, interleaved (5)
  --rootfs DIR   what the large image is made of (the tests' Debian tree)
  --bunker FILE  the executable (dist/bunker)
  --check        exit status 1 where a bar is missed
`;

export const COMMIT_USAGE = `usage: bun bench/commit.ts [flags]   (as root)

  --rounds N     commits by everybody, interleaved (15)
  --pause MS     quiet time before each commit (0)
  --rootfs DIR   what the image is made of (the tests' busybox tree)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes every sample there as well
  --check        exit status 1 where a bar is missed
`;

export const NETWORK_USAGE = `usage: bun bench/network.ts [flags]   (as root)

  --rounds N     runs of each subject, interleaved (50)
  --pause MS     quiet time before each run (0)
  --rootfs DIR   the root file system (the tests' busybox tree)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes every sample there as well
  --check        exit status 1 where a bar is missed
`;

export const THROUGHPUT_USAGE = `usage: bun bench/throughput.ts [flags]   (as root)

  --rounds N     pairs of transfers, by a port and directly, of each way, interleaved (50)
  --seconds N    how long each transfer goes on (1)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes every sample there as well
  --check        exit status 1 where a bar is missed
`;

export const LIFE_USAGE = `usage: bun bench/life.ts [flags]   (as root)

  --rounds N     runs of each command by everybody, interleaved (50)
  --verbs LIST   only those: run,detach,exec,stop,kill,rm,ps,images,inspect,logs,
                 stop-deaf,kill-deaf,rm-deaf (all)
  --pause MS     quiet time before each run (0)
  --rootfs DIR   what the image is made of (the tests' busybox tree)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes every sample there as well
  --check        exit status 1 where a bar is missed
`;

export const LOAD_USAGE = `usage: bun bench/load.ts [flags]   (as root)

  --count N      containers at once, of everybody in turn (200)
  --rootfs DIR   what the image is made of (the tests' busybox tree)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes every sample there as well
  --check        exit status 1 where a bar is missed
`;

export const LOGS_USAGE = `usage: bun bench/logs.ts [flags]   (as root)

  --count N      megabytes that each container writes (1000)
  --rounds N     readings of the last lines (15)
  --rootfs DIR   what the image is made of (the tests' busybox tree)
  --bunker FILE  the executable (dist/bunker)
  --json FILE    writes all of it there as well
  --check        exit status 1 where a bar is missed
`;

export interface BenchOptions {
  readonly rounds: number;
  readonly pauseMs: number;
  readonly check: boolean;
  readonly help: boolean;
  /** How many containers. */
  readonly count?: number;
  readonly seconds?: number;
  readonly rootfs?: string;
  readonly bunker?: string;
  readonly json?: string;
  /** What is measured, with commas in between; all where it is not said. */
  readonly verbs?: string;
  /** A seccomp profile. */
  readonly seccomp?: string;
}

const NUMBERS = {
  "--rounds": "rounds",
  "--pause": "pauseMs",
  "--count": "count",
  "--seconds": "seconds",
} as const;
const TEXTS = {
  "--rootfs": "rootfs",
  "--bunker": "bunker",
  "--json": "json",
  "--verbs": "verbs",
  "--seccomp": "seccomp",
} as const;
const LEAST = { rounds: 3, pauseMs: 0, count: 1, seconds: 1 } as const;

/** @param argv what follows the program's name @param rounds unless it says so @throws UserError */
export function parseOptions(argv: readonly string[], rounds = 50): BenchOptions {
  const numbers: { rounds: number; pauseMs: number; count?: number; seconds?: number } = {
    rounds,
    pauseMs: 0,
  };
  const texts: {
    rootfs?: string;
    bunker?: string;
    json?: string;
    seccomp?: string;
    verbs?: string;
  } = {};
  let check = false;
  let help = false;
  for (let index = 0; index < argv.length; index += 1) {
    const flag = argv[index] ?? "";
    if (flag === "--check") check = true;
    else if (flag === "--help" || flag === "-h") help = true;
    else if (isKey(NUMBERS, flag)) {
      const name = NUMBERS[flag];
      numbers[name] = parseCount(flag, argv[(index += 1)], LEAST[name]);
    } else if (isKey(TEXTS, flag)) texts[TEXTS[flag]] = needValue(flag, argv[(index += 1)]);
    else throw new UserError(`unknown argument: ${flag}`, "see --help");
  }
  return { ...numbers, ...texts, check, help };
}

function isKey<T extends object>(table: T, key: PropertyKey): key is keyof T {
  return Object.hasOwn(table, key);
}

function needValue(flag: string, value: string | undefined): string {
  if (value === undefined || value === "") throw new UserError(`${flag} needs a value`);
  return value;
}

function parseCount(flag: string, value: string | undefined, least: number): number {
  const text = needValue(flag, value);
  if (!/^\d{1,6}$/.test(text) || Number(text) < least) {
    throw new UserError(`${flag} must be a whole number of at least ${least}: got "${text}"`);
  }
  return Number(text);
}
