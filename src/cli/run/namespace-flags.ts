// The flags of `run` about namespaces: where each comes from, and what is set in it.
import type { FlagTable } from "../flag.ts";
import { namespaceWords, parseNamespace, parseUserNamespace } from "../values/namespace.ts";
import { parseSysctl } from "../values/pair.ts";
import type { RunDraft } from "./draft.ts";

const group = "Namespaces";

export const namespaceFlags: FlagTable<RunDraft> = {
  pid: {
    type: "text",
    ignoresEmpty: true,
    group,
    fallback: "private",
    help: "PID namespace to use (private, host, container:ID, ns:PATH)",
    set: (draft, text) => {
      draft.options.pid = parseNamespace(text, namespaceWords.pid);
    },
  },
  ipc: {
    type: "text",
    ignoresEmpty: true,
    group,
    fallback: "private",
    help: "IPC mode to use (private, shareable, host, none, container:ID, ns:PATH)",
    set: (draft, text) => {
      draft.options.ipc = parseNamespace(text, namespaceWords.ipc);
    },
  },
  uts: {
    type: "text",
    ignoresEmpty: true,
    group,
    fallback: "private",
    help: "UTS namespace to use (private, host, ns:PATH)",
    set: (draft, text) => {
      draft.options.uts = parseNamespace(text, namespaceWords.uts);
    },
  },
  userns: {
    type: "text",
    ignoresEmpty: true,
    group,
    fallback: "host",
    help: "User namespace to use (host, auto, ns:PATH)",
    set: (draft, text) => {
      draft.options.userns = parseUserNamespace(text);
    },
  },
  cgroupns: {
    type: "text",
    ignoresEmpty: true,
    group,
    fallback: "private",
    help: "Cgroup namespace to use (private, host, ns:PATH)",
    set: (draft, text) => {
      draft.options.cgroupns = parseNamespace(text, namespaceWords.cgroupns);
    },
  },
  sysctl: {
    type: "list",
    group,
    placeholder: "KEY=VALUE",
    help: "Kernel parameters of the container's namespaces",
    set: (draft, text) => {
      draft.sysctls.push(parseSysctl(text));
    },
  },
};
