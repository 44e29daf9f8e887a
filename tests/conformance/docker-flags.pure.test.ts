// Every command and flag of docker's is there, or is refused with a reason.

import { expect, test } from "bun:test";
import { compareWithDocker } from "./docker-flags-compare.ts";
import { readDockerHelp } from "./docker-flags.ts";

test("docker's help was read whole", () => {
  const { version, commands } = readDockerHelp();
  expect(version).toStartWith("28.");
  expect(Object.keys(commands).length).toBeGreaterThan(100);
  expect(Object.keys(commands["run"]?.flags ?? {}).length).toBeGreaterThan(90);
});

test("every command and flag of docker's is there, or is refused with a reason", async () => {
  const differences = await compareWithDocker(readDockerHelp());
  expect(differences.filter(({ why }) => why === undefined)).toEqual([]);
});
