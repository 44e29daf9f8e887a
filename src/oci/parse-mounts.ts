// The shapes of `root`, `mounts` and `hooks`, and of the id ranges that mounts and `linux` share.

import { INT32_MAX, type Section, UINT32_MAX } from "./section.ts";

/** Notes what is wrong with `root`. */
export function checkRoot(root: Section): void {
  root.requiredString("path");
  root.boolean("readonly");
}

/** Notes what is wrong with one mount; a relative destination becomes absolute. */
export function checkMount(mount: Section): void {
  const destination = mount.requiredString("destination");
  // config.md: a relative one "MUST be interpreted as relative to /" for the sake of old tools.
  if (!destination.startsWith("/")) mount.fields.destination = `/${destination}`;
  mount.string("type");
  mount.string("source");
  mount.strings("options");
  mount.each("uidMappings", checkIdMapping);
  mount.each("gidMappings", checkIdMapping);
}

/** Notes what is wrong with one range of ids. */
export function checkIdMapping(mapping: Section): void {
  mapping.integerOrZero("containerID", 0, UINT32_MAX);
  mapping.integerOrZero("hostID", 0, UINT32_MAX);
  mapping.integerOrZero("size", 0, UINT32_MAX);
}

/** Notes what is wrong with the hooks. */
export function checkHooks(hooks: Section): void {
  hooks.each("prestart", checkHook);
  hooks.each("createRuntime", checkHook);
  hooks.each("createContainer", checkHook);
  hooks.each("startContainer", checkHook);
  hooks.each("poststart", checkHook);
  hooks.each("poststop", checkHook);
}

function checkHook(hook: Section): void {
  hook.requiredString("path");
  hook.strings("args");
  hook.strings("env");
  hook.integer("timeout", 1, INT32_MAX);
}
