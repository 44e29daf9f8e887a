// The planners of what a process is besides its user and its limits, and refusals of what this kernel
// does not have. Loaded only for those.

import { fileType, readTextIfThere } from "../../../ffi/files.ts";
import { planAttributes, planLabels } from "../../container/plan-attributes.ts";
import { UserError } from "../../errors.ts";
import type { Process } from "../../oci/spec.ts";

/** @throws UserError for a label that no module of this kernel knows, in runc's words */
export function loadAttributes(process: Process | undefined, mountLabel?: string) {
  if (process?.apparmorProfile !== undefined) requireAppArmor();
  if (process?.selinuxLabel !== undefined || mountLabel !== undefined) requireSelinux();
  return { planAttributes, planLabels };
}

function requireAppArmor(): void {
  const enabled = readTextIfThere("/sys/module/apparmor/parameters/enabled");
  if (enabled?.startsWith("Y") === true) return;
  throw new UserError(
    "unable to apply apparmor profile: apparmor: config provided but apparmor not supported",
    "leave process.apparmorProfile out: this kernel has no AppArmor",
    1,
  );
}

function requireSelinux(): void {
  if (fileType("/sys/fs/selinux/enforce") !== 0) return;
  throw new UserError(
    "selinux label is specified in config, but selinux is disabled or not supported",
    "leave process.selinuxLabel and linux.mountLabel out: this kernel has no SELinux",
    1,
  );
}
