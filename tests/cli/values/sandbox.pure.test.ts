// Namespaces and security options.
import {
  namespaceWords,
  parseNamespace,
  parseNetwork,
  parseUserNamespace,
} from "../../../src/cli/values/namespace.ts";
import { parseSecurityOption } from "../../../src/cli/values/security.ts";
import { acceptsEach, refusesEach } from "../tables.ts";

const pid = (text: string) => parseNamespace(text, namespaceWords.pid);
const ipc = (text: string) => parseNamespace(text, namespaceWords.ipc);
const uts = (text: string) => parseNamespace(text, namespaceWords.uts);
const cgroupns = (text: string) => parseNamespace(text, namespaceWords.cgroupns);
const security = (text: string) => parseSecurityOption(text, "/home/me");

acceptsEach("pid", pid, [
  ["private", { kind: "private" }],
  ["host", { kind: "host" }],
  ["container:web", { kind: "container", id: "web" }],
  ["ns:/proc/1/ns/pid", { kind: "path", path: "/proc/1/ns/pid" }],
]);

refusesEach("pid", pid, [
  ["foo", "invalid PID mode"],
  ["container:", "invalid PID mode"],
  ["container", "invalid PID mode"],
  ["ns:x", "invalid PID mode"],
  ["host:x", "invalid PID mode"],
  ["shareable", "invalid PID mode"],
  ["constructor", "invalid PID mode"],
]);

acceptsEach("ipc", ipc, [
  ["shareable", { kind: "shareable" }],
  ["none", { kind: "none" }],
]);

refusesEach("ipc", ipc, [["foo", "invalid IPC mode"]]);
refusesEach("uts", uts, [
  ["foo", "invalid UTS mode"],
  ["container:x", "invalid UTS mode"],
]);
refusesEach("cgroupns", cgroupns, [["foo", "invalid CGROUP mode"]]);

acceptsEach("userns", parseUserNamespace, [
  ["host", { kind: "host" }],
  ["auto", { kind: "auto" }],
  ["private", { kind: "auto" }],
]);

refusesEach("userns", parseUserNamespace, [
  ["foo", "invalid USER mode"],
  ["container:x", "invalid USER mode"],
]);

acceptsEach("network", parseNetwork, [
  ["none", { kind: "none" }],
  ["host", { kind: "host" }],
  ["container:web", { kind: "container", id: "web" }],
  ["ns:/run/netns/blue", { kind: "path", path: "/run/netns/blue" }],
]);

refusesEach("network", parseNetwork, [
  ["bridge", "invalid NETWORK mode"],
  ["container:", "invalid NETWORK mode"],
  ["ns:x", "invalid NETWORK mode"],
]);

acceptsEach("security option", security, [
  ["no-new-privileges", { key: "no-new-privileges", value: true }],
  ["no-new-privileges=false", { key: "no-new-privileges", value: false }],
  ["no-new-privileges:true", { key: "no-new-privileges", value: true }],
  ["seccomp=unconfined", { key: "seccomp", value: "unconfined" }],
  ["seccomp:unconfined", { key: "seccomp", value: "unconfined" }],
  ["seccomp=builtin", { key: "seccomp", value: "default" }],
  ["seccomp=./p.json", { key: "seccomp", value: "/home/me/p.json" }],
  ["seccomp=/p:q.json", { key: "seccomp", value: "/p:q.json" }],
  ["apparmor=unconfined", { key: "apparmor", value: "unconfined" }],
  ["systempaths=unconfined", { key: "systempaths" }],
]);

refusesEach("security option", security, [
  ["", 'invalid --security-opt: ""'],
  ["foo", 'invalid --security-opt: "foo"'],
  ["foo=bar", 'invalid --security-opt: "foo=bar"'],
  ["label", 'invalid --security-opt: "label"'],
  ["label=disable", 'SELinux labels are not supported: got "label=disable"'],
  ["seccomp=", 'invalid --security-opt: "seccomp="'],
  ["no-new-privileges=x", 'invalid --security-opt: "no-new-privileges=x"'],
  ["systempaths=foo", 'invalid --security-opt: "systempaths=foo"'],
]);
