// What a runtime leaves that is killed in the middle of its work: nothing that delete --force cannot
// clear.

import { afterAll, expect, test } from "bun:test";
import { underTest } from "../harness/bunker.ts";
import { needsRoot, slowness } from "../harness/tier.ts";
import type { Spec } from "../../src/oci/spec.ts";
import { KillCourse, PRELUDED, VERBS } from "./kill-course.ts";
import { openOciBox } from "./oci-box.ts";

/** Other calls each day, so that in the end each has its turn. */
const STRIDE = 15;
const TIMEOUT_MS = 120_000;

// From source most calls are the runtime's own: the executable is what is worth the time.
const suite = underTest() === "binary" && slowness() === 1 ? needsRoot : undefined;
suite?.("oci verbs, killed at their system calls", () => {
  const box = openOciBox();
  const course = new KillCourse(box);
  afterAll(() => course[Symbol.dispose]());
  afterAll(() => expect(course.killed).toBeGreaterThan(course.survived));
  const day = Math.floor(Date.now() / 86_400_000);

  for (const verb of VERBS) {
    test(
      `${verb} leaves nothing that delete --force does not remove`,
      async () => {
        expect(await course.take(verb, STRIDE, day)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});

suite?.("oci verbs before the runtime starts, killed at their system calls", () => {
  const box = openOciBox();
  const course = new KillCourse(box, "prelude");
  afterAll(() => course[Symbol.dispose]());
  afterAll(() => expect(course.killed).toBeGreaterThan(course.survived));
  const day = Math.floor(Date.now() / 86_400_000);

  for (const verb of PRELUDED) {
    test(
      `${verb} leaves nothing that delete --force does not remove`,
      async () => {
        expect(await course.take(verb, STRIDE, day)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});

const IDS = [{ containerID: 0, hostID: 100000, size: 65536 }];
const OTHER_IDS = [{ containerID: 0, hostID: 200000, size: 10 }];

/** A container that the agent assists: with helpers, and descriptors that two processes share. */
function assisted(spec: Spec): Spec {
  const { linux = {}, mounts = [] } = spec;
  const ids = { uidMappings: OTHER_IDS, gidMappings: OTHER_IDS };
  return {
    ...spec,
    mounts: [
      ...mounts,
      { destination: "/mnt", source: "/etc", options: ["bind", "ro"], ...ids },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["tmpcopyup"] },
    ],
    linux: {
      ...linux,
      namespaces: [...(linux.namespaces ?? []), { type: "user" }],
      uidMappings: IDS,
      gidMappings: IDS,
    },
  };
}

suite?.("oci verbs with a container in a user namespace, killed at their system calls", () => {
  const box = openOciBox();
  const course = new KillCourse(box, "runtime", assisted);
  afterAll(() => course[Symbol.dispose]());
  const day = Math.floor(Date.now() / 86_400_000);

  for (const verb of ["create", "run -d"] as const) {
    test(
      `${verb} leaves nothing that delete --force does not remove`,
      async () => {
        expect(await course.take(verb, STRIDE, day)).toEqual([]);
      },
      TIMEOUT_MS,
    );
  }
});
