// What an image says and what the flags say: docker's rules of which holds.
import { describe, expect, test } from "bun:test";
import { applyInstruction } from "../../src/engine/images/change-instructions.ts";
import {
  applyImageConfig,
  makeContainerConfig,
  makeImageDefaults,
} from "../../src/engine/images/container-config.ts";
import { withoutMounts } from "../../src/engine/images/diff.ts";
import { matchesName } from "../../src/engine/images/list-images.ts";
import { matchesLabels, parseMoment } from "../../src/engine/filters.ts";
import type { RunOptions } from "../../src/engine/run-options.ts";
import type { ContainerConfig } from "../../src/image/types.ts";
import { acceptsEach, refusesEach } from "../cli/tables.ts";
import { baseOptions } from "./base-options.ts";

const image: ContainerConfig = {
  User: "web:adm",
  Env: ["A=1", "B=2"],
  Entrypoint: ["/entry"],
  Cmd: ["cmd"],
  Volumes: { "/data/": {}, "/other": {} },
  WorkingDir: "/work",
  Labels: { a: "image", b: "image" },
  StopSignal: "SIGINT",
};

const options: RunOptions = { ...baseOptions, command: [] };

describe("an image's configuration", () => {
  test("gives user, stop signal, labels and volumes where no flag does", () => {
    const applied = applyImageConfig({ ...options, labels: { a: "flag" } }, image);
    expect(applied).toMatchObject({
      user: { user: "web", group: "adm" },
      stopSignal: "SIGINT",
      labels: { a: "flag", b: "image" },
      mounts: [
        { type: "volume", target: "/data", copy: true },
        { type: "volume", target: "/other", copy: true },
      ],
    });
  });

  test("leaves what the flags say", () => {
    const tmpfs = { type: "tmpfs", target: "/data", options: [] } as const;
    const own = { user: { user: "0" }, stopSignal: "SIGTERM", mounts: [tmpfs] };
    const applied = applyImageConfig({ ...options, ...own }, image);
    expect(applied).toMatchObject({ user: { user: "0" }, stopSignal: "SIGTERM" });
    expect(applied.mounts.map(({ target }) => target)).toEqual(["/data", "/other"]);
    expect(applied.mounts[0]).toEqual(tmpfs);
  });

  test("without anything changes nothing", () => {
    expect(applyImageConfig(options, {})).toEqual(options);
    expect(makeImageDefaults({})).toEqual({});
  });

  test("of a container keeps what the image had, under what the flags said", () => {
    const run = { ...options, command: ["own"], env: ["B=3", "C=4"], workdir: "/own" };
    expect(makeContainerConfig(applyImageConfig(run, image), image)).toEqual({
      ...image,
      User: "web:adm",
      Env: ["B=3", "C=4", "A=1"],
      Cmd: ["own"],
      WorkingDir: "/own",
      Volumes: { "/data": {}, "/other": {} },
      Labels: { a: "image", b: "image" },
    });
    const entry = makeContainerConfig({ ...options, entrypoint: ["/x"] }, image);
    expect(entry).toMatchObject({ Entrypoint: ["/x"], Cmd: [] });
  });
});

const change = (line: string) => applyInstruction({ Env: ["A=1"], WorkingDir: "/w" }, line);
const start = { Env: ["A=1"], WorkingDir: "/w" };

acceptsEach("change", change, [
  ['CMD ["a", "b c"]', { ...start, Cmd: ["a", "b c"] }],
  ["cmd a b", { ...start, Cmd: ["/bin/sh", "-c", "a b"] }],
  ["ENTRYPOINT []", { ...start, Entrypoint: [] }],
  ["ENV B=2 A=3", { ...start, Env: ["A=3", "B=2"] }],
  ["ENV B a  b", { ...start, Env: ["A=1", "B=a  b"] }],
  ["ENV B=\"x y\" C=a\\ b D='q r'", { ...start, Env: ["A=1", "B=x y", "C=a b", "D=q r"] }],
  ['LABEL a.b="c d" e=f', { ...start, Labels: { "a.b": "c d", e: "f" } }],
  [
    "EXPOSE 80 53/udp 8000-8001",
    {
      ...start,
      ExposedPorts: { "80/tcp": {}, "53/udp": {}, "8000/tcp": {}, "8001/tcp": {} },
    },
  ],
  ['VOLUME ["/a b"]', { ...start, Volumes: { "/a b": {} } }],
  ["VOLUME /a /b", { ...start, Volumes: { "/a": {}, "/b": {} } }],
  ["USER web", { ...start, User: "web" }],
  ["WORKDIR /x", { ...start, WorkingDir: "/x" }],
  ["WORKDIR x", { ...start, WorkingDir: "/w/x" }],
  ["STOPSIGNAL SIGINT", { ...start, StopSignal: "SIGINT" }],
  ["ONBUILD RUN x", { ...start, OnBuild: ["RUN x"] }],
]);

refusesEach("change", change, [
  ["RUN x", "run is not a valid change command"],
  ["", " is not a valid change command"],
  ["ENV", "ENV must have arguments"],
  ["ENV A=1 B", 'Syntax error - can\'t find = in "B". Must be of the form: name=value'],
  ["EXPOSE x", "invalid containerPort: x"],
  ["EXPOSE 80/foo", "invalid containerPort: 80/foo"],
  ["USER", "USER requires exactly one argument"],
]);

describe("a name pattern", () => {
  const rows: readonly (readonly [pattern: string, fits: boolean])[] = [
    ["alpine", true],
    ["alpine:3", true],
    ["alpine:4", false],
    ["al*", true],
    ["al?ine:3", true],
    ["docker.io/library/alpine", true],
    ["alp", false],
    ["*/alpine", false],
    ["alp.ne", false],
  ];
  for (const [pattern, fits] of rows) {
    test(`"${pattern}" ${fits ? "fits" : "does not fit"} alpine:3`, () => {
      expect(matchesName(pattern, "alpine", "3")).toBe(fits);
    });
  }
});

const now = Date.parse("2026-01-02T00:00:00Z");

acceptsEach("moment", (text) => new Date(parseMoment(text, now)).toISOString(), [
  ["24h", "2026-01-01T00:00:00.000Z"],
  ["1h30m", "2026-01-01T22:30:00.000Z"],
  ["0", "1970-01-01T00:00:00.000Z"],
  ["2025-05-06T07:08:09Z", "2025-05-06T07:08:09.000Z"],
]);

refusesEach("moment", (text) => parseMoment(text, now), [
  ["soon", 'failed to parse value as time or duration: "soon"'],
  ["", 'failed to parse value as time or duration: ""'],
]);

test("labels are asked for by key, by value, and by what is not there", () => {
  const fits = (key: string, ...values: string[]) =>
    matchesLabels({ a: "1" }, new Map([[key, values]]));
  expect([fits("label", "a"), fits("label", "a=1"), fits("label", "a=2")]).toEqual([
    true,
    true,
    false,
  ]);
  expect([fits("label!", "b"), fits("label!", "a")]).toEqual([true, false]);
});

test("a diff leaves out what was made for bunker's own mounts", () => {
  const changes = [
    { kind: "C", path: "/etc" },
    { kind: "A", path: "/etc/hosts" },
    { kind: "A", path: "/dev" },
    { kind: "C", path: "/own" },
    { kind: "D", path: "/own/x" },
  ] as const;
  expect(withoutMounts(changes)).toEqual([changes[3], changes[4]]);
  const more = [...changes, { kind: "A", path: "/etc/new" }] as const;
  expect(withoutMounts(more).map(({ path }) => path)).toEqual([
    "/etc",
    "/own",
    "/own/x",
    "/etc/new",
  ]);
});
