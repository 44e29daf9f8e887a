// What `exec` runs: the container's own process with other arguments, or what a file says.

import { parseJson, parseProcess } from "../../oci/parse.ts";
import type { Capabilities, Process, Spec } from "../../oci/spec.ts";
import type { ExecOptions } from "./options.ts";

/** @throws UserError for a file that is no process */
export function makeProcess(options: ExecOptions, spec: Spec): Process {
  const { process: file } = options;
  if (file !== undefined) return parseProcess(parseJson(file.path, file.text));
  const own = spec.process ?? { user: { uid: 0, gid: 0 }, args: [], cwd: "/" };
  return {
    ...own,
    terminal: options.tty,
    args: options.args,
    env: [...(own.env ?? []), ...options.env],
    cwd: options.cwd ?? own.cwd,
    user: makeUser(options, own),
    ...(options.capabilities.length === 0
      ? {}
      : { capabilities: addCapabilities(own.capabilities, options.capabilities) }),
    ...(options.noNewPrivileges ? { noNewPrivileges: true } : {}),
    ...(options.apparmor === undefined ? {} : { apparmorProfile: options.apparmor }),
    ...(options.processLabel === undefined ? {} : { selinuxLabel: options.processLabel }),
  };
}

function makeUser({ user, additionalGids }: ExecOptions, own: Process): Process["user"] {
  return {
    ...own.user,
    ...(user === undefined ? {} : { uid: user.uid }),
    ...(user?.gid === undefined ? {} : { gid: user.gid }),
    additionalGids: [...(own.user.additionalGids ?? []), ...additionalGids],
  };
}

/** As runc: not the inheritable ones, which no program of the container's is to get by itself. */
function addCapabilities(own: Capabilities = {}, added: readonly string[]): Capabilities {
  const names = added.map((name) => (name.startsWith("CAP_") ? name : `CAP_${name}`));
  return {
    ...own,
    bounding: [...(own.bounding ?? []), ...names],
    effective: [...(own.effective ?? []), ...names],
    permitted: [...(own.permitted ?? []), ...names],
    ambient: [...(own.ambient ?? []), ...names],
  };
}
