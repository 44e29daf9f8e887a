// Moves network devices of the host into a container. config-linux.md, "Network Devices".

import { spawnSync } from "node:child_process";
import { runtime } from "#runtime";
import {
  listMovableAddresses,
  planDeviceArrival,
  planDeviceMove,
} from "../../../network/device-move.ts";
import { UserError } from "../../errors.ts";
import type { NetDevice } from "../../oci/spec.ts";

/** @throws UserError in runc's words */
export function moveNetDevices(devices: Readonly<Record<string, NetDevice>>, pid: number): void {
  for (const [hostName, device] of Object.entries(devices)) {
    try {
      moveDevice(hostName, device.name ?? hostName, `/proc/${pid}/ns/net`);
    } catch (cause) {
      throw new UserError(`move netDevice ${hostName} to namespace of pid ${pid}`, undefined, 1, {
        cause,
      });
    }
  }
}

function moveDevice(hostName: string, name: string, namespace: string): void {
  const addresses = listMovableAddresses(run(["ip", "-json", "address", "show", "dev", hostName]));
  for (const args of planDeviceMove(hostName, name, namespace)) run(["ip", ...args]);
  const inside = [...runtime.selfCommand(), "nsenter", "-t", namespace, "ip", "-batch", "-"];
  run(inside, `${planDeviceArrival(name, addresses).join("\n")}\n`);
}

function run(command: readonly string[], input = ""): string {
  const [program = "", ...args] = command;
  // Under its own name: called as a runtime's it would not know the command.
  const argv0 = program === "ip" ? "ip" : "bunker";
  const { status, stdout, stderr, error } = spawnSync(program, args, { argv0, input });
  if (status === 0) return stdout.toString();
  const told = stderr?.toString().trim() || error?.message;
  throw new UserError(told ?? `${command.join(" ")}: exit code ${status}`);
}
