// A power loss as a disk sees it: containers are made, stopped and started on an ext4 of their own, and at
// a random moment a copy is made of what has been written to it by then. On that copy every container whose
// id was told must be there, none half, and `rm -f` and `system prune` leave nothing. (What power loss means
// to the processes is in crash-matrix.ts.) As root, with loop devices; ends with 1 if anything was wrong:
//
//   bun tests/conformance/power-loss.ts [COUNT]

import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { isolate } from "../../bench/isolate.ts";
import { Box } from "../run/box.ts";

// Mounts of others, such as of cgroup hierarchies, are not to come and go meanwhile.
const status = isolate();
if (status !== undefined) process.exit(status);

const LATEST_MS = 7000;
const count = Number(process.argv[2] ?? 100);
using box = new Box(true);
const [image, copy] = [box.path("image"), box.path("copy")];
const [disk, found] = [box.path("disk"), box.path("found")];
const containers = `${found}/data/containers`;

function sh(command: string): void {
  const { exitCode, stderr } = Bun.spawnSync(["/bin/sh", "-ec", command]);
  if (exitCode !== 0) throw new Error(`${command}: ${stderr.toString()}`);
}

const bunker = (place: string, ...words: readonly string[]) =>
  box.bunker(words, {
    env: { BUNKER_RUN: box.path(`run-${place === disk ? 1 : 2}`), BUNKER_DATA: `${place}/data` },
  });

/** Does something until the moment comes; what must be there then. */
async function live(): Promise<Set<string>> {
  const told = new Set<string>();
  const end = performance.now() + Math.random() * LATEST_MS;
  for (let i = 0; performance.now() < end; i++) {
    const verb = i % 2 === 0 ? ["run", "-d"] : ["create"];
    const words = ["--name", `c${i}`, "--rootfs", box.rootfs, "/bin/sleep", "600"];
    const { exitCode, stdout, stderr } = await bunker(disk, ...verb, ...words);
    if (exitCode !== 0) throw new Error(`${verb.join(" ")}: ${stderr}`);
    told.add(stdout.trim());
    if (i % 3 === 1) await bunker(disk, "start", `c${i}`);
    if (i % 3 === 2) await bunker(disk, "stop", "-t", "0", `c${i}`);
    if (told.size === 8) break;
  }
  if (performance.now() < end) await Bun.sleep(end - performance.now());
  return told;
}

async function look(told: ReadonlySet<string>): Promise<string[]> {
  const problems: string[] = [];
  const shown = await bunker(found, "ps", "-a", "-q", "--no-trunc");
  const ids = shown.stdout.split("\n").filter(Boolean);
  for (const id of told) if (!ids.includes(id)) problems.push(`${id.slice(0, 12)} is lost`);
  for (const id of existsSync(containers) ? readdirSync(containers) : []) {
    for (const file of readdirSync(`${containers}/${id}`)) {
      const { size } = statSync(`${containers}/${id}/${file}`);
      if (file.endsWith(".json") && size === 0)
        problems.push(`${id.slice(0, 12)}/${file} is empty`);
    }
  }
  for (const id of ids) {
    const { exitCode, stderr } = await bunker(found, "rm", "-f", id);
    if (exitCode !== 0) problems.push(`rm -f: ${stderr}`);
  }
  const { exitCode, stderr } = await bunker(found, "system", "prune", "-f");
  if (exitCode !== 0) problems.push(`system prune: ${stderr}`);
  const left = existsSync(containers) ? readdirSync(containers) : [];
  if (left.length > 0) problems.push(`left: ${left.join(" ")}`);
  return problems;
}

mkdirSync(disk);
mkdirSync(found);
let wrong = 0;
let containersSeen = 0;
for (let i = 0; i < count; i++) {
  sh(`truncate -s 64M ${image}; mkfs.ext4 -q ${image}; mount -o loop ${image} ${disk}`);
  try {
    const told = await live();
    containersSeen += told.size;
    sh(`cp --sparse=always ${image} ${copy}`);
    await bunker(disk, "rm", "-f", ...[...told]);
    sh(`mount -o loop ${copy} ${found}`);
    try {
      const problems = await look(told);
      if (problems.length > 0) wrong += 1;
      for (const problem of problems) console.log(`loss ${i}: ${problem}`);
    } finally {
      sh(`umount ${found}`);
    }
  } finally {
    sh(`umount ${disk}`);
    for (const path of [image, copy, box.path("run-1"), box.path("run-2")]) {
      rmSync(path, { recursive: true, force: true });
    }
  }
}
console.log(
  `${count} power losses, ${containersSeen} containers whose id was told: ${wrong} wrong`,
);
process.exitCode = wrong === 0 ? 0 : 1;
