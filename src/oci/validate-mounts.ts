// The rules of `root` and `mounts` that hold between fields: id-mapped mounts above all.
// config.md, "Mounts": uidMappings, gidMappings, idmap, ridmap. man 2 mount_setattr.

import type { Mount, Spec } from "./spec.ts";
import { hasNamespace, validateIdMappings } from "./validate-namespaces.ts";

/** Adds a line for each rule that a mount breaks. */
export function validateMounts(spec: Spec, problems: string[]): void {
  const { mounts } = spec;
  if (mounts === undefined) return;
  for (let index = 0; index < mounts.length; index++) {
    const mount = mounts[index];
    if (mount !== undefined) validateMount(mount, index, spec, problems);
  }
}

function validateMount(mount: Mount, index: number, spec: Spec, problems: string[]): void {
  const at = `mounts[${index}]`;
  const bind = isBind(mount);
  if (bind && (mount.source === undefined || mount.source === "")) {
    problems.push(`${at}.source: must be given for a bind mount`);
  }
  if (!isIdMapped(mount)) return;
  validateIdMapped(mount, at, bind, hasNamespace(spec.linux?.namespaces, "user"), problems);
}

function validateIdMapped(
  mount: Mount,
  at: string,
  bind: boolean,
  userNamespace: boolean,
  problems: string[],
): void {
  const { uidMappings, gidMappings } = mount;
  const uids = uidMappings?.length ?? 0;
  const gids = gidMappings?.length ?? 0;
  if (!bind) problems.push(`${at}: id mappings are for bind mounts only`);
  if (uids === 0 && gids === 0 && !userNamespace) {
    problems.push(`${at}: idmap needs uidMappings and gidMappings, or a user namespace`);
  } else if ((uids === 0) !== (gids === 0)) {
    problems.push(`${at}: uidMappings and gidMappings must be given together`);
  }
  validateIdMappings(uidMappings, `${at}.uidMappings`, problems);
  validateIdMappings(gidMappings, `${at}.gidMappings`, problems);
}

function isBind(mount: Mount): boolean {
  // As runc: the option makes a bind mount, whatever the type says; the type alone does as well.
  return (
    mount.type === "bind" ||
    mount.type === "rbind" ||
    mount.options?.includes("bind") === true ||
    mount.options?.includes("rbind") === true
  );
}

function isIdMapped(mount: Mount): boolean {
  if (mount.uidMappings !== undefined || mount.gidMappings !== undefined) return true;
  return mount.options?.includes("idmap") === true || mount.options?.includes("ridmap") === true;
}
