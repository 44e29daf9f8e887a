// What a config.json asks of the host besides its namespaces: network devices that move into the
// container, groups of resctrl. Loaded only for those.

import { readLink } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";
import type { Spec } from "../../oci/spec.ts";
import type { LoadedFeatures } from "./load-features.ts";

/** @throws UserError for what cannot be had */
export async function prepareHost(
  spec: Spec,
  id: string,
): Promise<Pick<LoadedFeatures, "onInit" | "resctrlGroup">> {
  const { netDevices, intelRdt, sysctl = {} } = spec.linux ?? {};
  refuseHostSysctls(spec, Object.keys(sysctl));
  const actions: ((initPid: number) => void)[] = [];
  if (netDevices !== undefined) {
    const { moveNetDevices } = await import("./net-devices.ts");
    actions.push((initPid) => moveNetDevices(netDevices, initPid));
  }
  let resctrlGroup: string | undefined;
  if (intelRdt !== undefined) {
    const { groupOf, joinResctrl, requireResctrl } = await import("./resctrl.ts");
    // One that has a name of its own is others' as well.
    if (intelRdt.closID === undefined) resctrlGroup = groupOf(intelRdt, id);
    requireResctrl();
    actions.push((initPid) => joinResctrl(intelRdt, id, initPid));
  }
  if (actions.length === 0) return {};
  return {
    ...(resctrlGroup === undefined ? {} : { resctrlGroup }),
    onInit: (initPid) => {
      for (const act of actions) act(initPid);
    },
  };
}

/** Security: a path may lead to the host's own network namespace, whose sysctls are the host's. */
function refuseHostSysctls({ linux }: Spec, keys: readonly string[]): void {
  const network = linux?.namespaces?.find(({ type }) => type === "network");
  if (network?.path === undefined) return;
  const name = keys.find((key) => /^net[./]/.test(key));
  if (name === undefined || !isOwn(network.path)) return;
  throw new UserError(`sysctl "${name}" not allowed in host network namespace`, undefined, 1);
}

function isOwn(path: string): boolean {
  const own = readLink("/proc/self/ns/net");
  return own !== undefined && readLink(path) === own;
}
