// Moves network devices of the host into a container. config-linux.md, "Network Devices".

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

function run(command: string[], stdin = ""): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(command, {
    // Under its own name: called as a runtime's it would not know the command.
    argv0: command[0] === "ip" ? "ip" : "bunker",
    stdin: new TextEncoder().encode(stdin),
  });
  if (exitCode === 0) return stdout.toString();
  throw new UserError(stderr.toString().trim() || `${command.join(" ")}: exit code ${exitCode}`);
}
