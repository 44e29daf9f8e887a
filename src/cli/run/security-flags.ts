// The flags of `run` about what the container may do, what is noted on it, and bunker's own.
import { UserError } from "../../errors.ts";
import type { FlagTable } from "../flag.ts";
import { parseAnnotation, parseLabel } from "../values/pair.ts";
import { parseSecurityOption } from "../values/security.ts";
import type { RunDraft } from "./draft.ts";

const security = "Security";
const metadata = "Metadata";
const bunker = "bunker";

export const securityFlags: FlagTable<RunDraft> = {
  privileged: {
    type: "bool",
    group: security,
    help: "Give extended privileges to this container",
    set: (draft, value) => {
      draft.options.security.privileged = value;
    },
  },
  "cap-add": {
    type: "list",
    group: security,
    placeholder: "capability",
    help: "Add Linux capabilities",
    set: (draft, text) => {
      draft.options.security.capAdd.push(text);
    },
  },
  "cap-drop": {
    type: "list",
    group: security,
    placeholder: "capability",
    help: "Drop Linux capabilities",
    set: (draft, text) => {
      draft.options.security.capDrop.push(text);
    },
  },
  "security-opt": {
    type: "list",
    group: security,
    placeholder: "option",
    help:
      "Security options: no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, " +
      "systempaths=unconfined",
    set: setSecurityOption,
  },
  label: {
    type: "list",
    short: "l",
    group: metadata,
    placeholder: "KEY[=VALUE]",
    help: "Set meta data on a container",
    set: (draft, text) => {
      draft.labels.push(parseLabel(text));
    },
  },
  "label-file": {
    type: "list",
    group: metadata,
    placeholder: "file",
    help: "Read in a line delimited file of labels",
    set: (draft, text) => {
      draft.labelFiles.push(text);
    },
  },
  annotation: {
    type: "list",
    group: metadata,
    placeholder: "KEY=VALUE",
    help: "Add an annotation to the container (passed through to the OCI runtime)",
    set: (draft, text) => {
      draft.annotations.push(parseAnnotation(text));
    },
  },
  "no-pivot": {
    type: "bool",
    group: bunker,
    help: "Use chroot instead of pivot_root, for an initramfs",
    set: (draft, value) => {
      draft.options.noPivot = value;
    },
  },
  trace: {
    type: "bool",
    group: bunker,
    help: "Print each system call of the set-up with its result and time",
    set: (draft, value) => {
      draft.options.trace = value;
    },
  },
  performer: {
    type: "text",
    group: bunker,
    fallback: "agent",
    placeholder: "agent|process",
    help: "Who performs the set-up: the agent, or this program itself",
    set: (draft, text) => {
      if (text !== "agent" && text !== "process") throw new UserError("must be agent or process");
      draft.options.performer = text;
    },
  },
};

function setSecurityOption(draft: RunDraft, text: string): void {
  const { security } = draft.options;
  const setting = parseSecurityOption(text, () => draft.context.cwd());
  if (setting.key === "no-new-privileges") security.noNewPrivileges = setting.value;
  else if (setting.key === "seccomp") security.seccomp = setting.value;
  else if (setting.key === "apparmor") security.apparmor = setting.value;
  else security.systempathsUnconfined = true;
}
