// Environment, labels, kernel parameters, names, signals, durations.
import { expect, test } from "bun:test";
import { parseDuration } from "../../../src/cli/values/duration.ts";
import { parseEnv, parseEnvFile } from "../../../src/cli/values/environment.ts";
import { parseKeyFile } from "../../../src/cli/values/key-file.ts";
import { parseGroup, parseHostname, parseName, parseUser } from "../../../src/cli/values/name.ts";
import { parseAnnotation, parseLabel, parseSysctl } from "../../../src/cli/values/pair.ts";
import { parseSignal } from "../../../src/cli/values/signal.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

const environment = { HOME: "/root", EMPTY: "" };

acceptsEach("env", (text) => parseEnv(text, environment), [
  ["A=b", "A=b"],
  ["A=", "A="],
  ["A=b=c", "A=b=c"],
  ["HOME", "HOME=/root"],
  ["EMPTY", "EMPTY="],
  ["MISSING", undefined],
  ["constructor", undefined],
]);

refusesEach("env", (text) => parseEnv(text, environment), [
  ["", "invalid environment variable: "],
  ["=x", "invalid environment variable: =x"],
]);

test("an env-file keeps quotes and blanks behind, drops comments, blanks in front and CR", () => {
  const content = '\uFEFF# comment\n\n  A="b c"  \r\n\t# more\nHOME\nMISSING\nE=\nB=#no comment';
  expect(parseEnvFile(content, environment)).toEqual([
    'A="b c"  ',
    "HOME=/root",
    "E=",
    "B=#no comment",
  ]);
});

refusesEach("env-file", parseKeyFile, [
  ["A=1\n=x", "no variable name on line '=x'"],
  ["A B=1", "variable 'A B' contains whitespaces"],
  ["A\t=1", "variable 'A\t' contains whitespaces"],
  ["A=1\n\uFFFD=1", "invalid utf8 bytes at line 2"],
]);

acceptsEach("label", parseLabel, [
  ["a=b", ["a", "b"]],
  ["a=b=c", ["a", "b=c"]],
  ["a", ["a", ""]],
]);

refusesEach("label", parseLabel, [
  ["=x", "invalid label '=x': empty name"],
  ["", "invalid label '': empty name"],
]);

acceptsEach("annotation", parseAnnotation, [["a.b/c=d", ["a.b/c", "d"]]]);

refusesEach("annotation", parseAnnotation, [["=x", "invalid annotation '=x': empty name"]]);

acceptsEach("sysctl", parseSysctl, [
  ["net.ipv4.ip_forward=1", ["net.ipv4.ip_forward", "1"]],
  ["kernel.shmmax=5", ["kernel.shmmax", "5"]],
  ["fs.mqueue.msg_max=5", ["fs.mqueue.msg_max", "5"]],
  ["kernel.sem=1 2 3 4", ["kernel.sem", "1 2 3 4"]],
]);

refusesEach("sysctl", parseSysctl, [
  ["foo", "sysctl 'foo' is not allowed"],
  ["=1", "sysctl '=1' is not allowed"],
  ["net.ipv4.x", "sysctl 'net.ipv4.x' is not allowed"],
  ["kernel.foo=1", "sysctl 'kernel.foo=1' is not allowed"],
  ["kernel.core_pattern=x", "sysctl 'kernel.core_pattern=x' is not allowed"],
  ["net.=1", "sysctl 'net.=1' is not allowed"],
  ["network.x=1", "sysctl 'network.x=1' is not allowed"],
  ["net.x/../../kernel/y=1", "sysctl 'net.x/../../kernel/y=1' is not allowed"],
]);

acceptsEach("name", parseName, [
  ["web", "web"],
  ["a1_.-", "a1_.-"],
]);

refusesEach("name", parseName, [
  ["", "invalid container name (), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
  ["a", "invalid container name (a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
  ["-a", "invalid container name (-a), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
  ["..", "invalid container name (..), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
  ["a/b", "invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
  ["a b", "invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
  ["aé", "invalid container name (aé), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
]);

acceptsEach("hostname", parseHostname, [
  ["box", "box"],
  ["a-b.example.org", "a-b.example.org"],
  ["1", "1"],
  ["x".repeat(63), "x".repeat(63)],
]);

refusesEach("hostname", parseHostname, [
  ["", "invalid host name"],
  ["-a", "invalid host name"],
  ["a-", "invalid host name"],
  ["a..b", "invalid host name"],
  ["a b", "invalid host name"],
  ["a/b", "invalid host name"],
  ["a\nb", "invalid host name"],
  ["x".repeat(64), "host name must be at most 63 characters: got 64"],
]);

acceptsEach("user", parseUser, [
  ["root", { user: "root" }],
  ["1000:1000", { user: "1000", group: "1000" }],
  ["www-data:adm", { user: "www-data", group: "adm" }],
  [":5", { user: "0", group: "5" }],
]);

refusesEach("user", parseUser, [
  ["", "invalid user"],
  [":", "invalid user"],
  ["a:", "invalid user"],
  ["a:b:c", "invalid user"],
  ["a b", "invalid user or group: 'a b'"],
  ["-1", "invalid user or group: '-1'"],
  ["a/b", "invalid user or group: 'a/b'"],
  ["4294967295", "an id must be below 4294967295: got 4294967295"],
]);

refusesEach("group", parseGroup, [["", "invalid user or group: ''"]]);

acceptsEach("signal", parseSignal, [
  ["TERM", "SIGTERM"],
  ["sigkill", "SIGKILL"],
  ["9", "SIGKILL"],
  ["31", "SIGSYS"],
  ["17", "SIGCHLD"],
  ["POLL", "SIGIO"],
  ["37", "SIGRTMIN+3"],
  ["RTMIN+3", "SIGRTMIN+3"],
  ["SIGRTMIN", "SIGRTMIN"],
  ["RTMAX-1", "SIGRTMIN+29"],
]);

refusesEach("signal", parseSignal, [
  ["", "invalid signal: "],
  ["FOO", "invalid signal: FOO"],
  ["0", "invalid signal: 0"],
  ["32", "invalid signal: 32"],
  ["65", "invalid signal: 65"],
  ["-9", "invalid signal: -9"],
  ["RTMIN+31", "invalid signal: RTMIN+31"],
  ["constructor", "invalid signal: constructor"],
]);

acceptsEach("duration", parseDuration, [
  ["0", 0],
  ["10s", 10_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["300ms", 300],
  ["-2s", -2000],
  ["5us", 0.005],
]);

refusesEach("duration", parseDuration, [
  ["", 'time: invalid duration ""'],
  ["10", 'time: invalid duration "10"'],
  ["s", 'time: invalid duration "s"'],
  ["1d", 'time: invalid duration "1d"'],
  ["1s ", 'time: invalid duration "1s "'],
  ["--1s", 'time: invalid duration "--1s"'],
]);
