// What a volume is by its options, those of docker's local driver: a folder of its own or of the host, or
// any file system that this kernel can mount. Each container has a tmpfs of its own. mount(8)

import { fileType, isDirectory } from "../../../ffi/files.ts";
import { UserError } from "../../errors.ts";

export type VolumePlace = { readonly options: readonly string[] } & (
  | {
      readonly kind: "folder";
      /** undefined: that of the volume itself. */
      readonly path?: string;
    }
  | { readonly kind: "filesystem"; readonly type: string; readonly device: string }
);

const KNOWN = ["type", "o", "device"];
const SIZE = "a volume has no size limit; set a quota on the file system";

/** @throws UserError in docker's words for options that cannot be */
export function checkVolumeOptions(name: string, options: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(options)) {
    if (KNOWN.includes(key)) continue;
    const hint = key === "size" ? SIZE : "type, device and o, as mount(8) has them";
    throw new UserError(`create ${name}: invalid option: "${key}"`, hint, 1);
  }
  const { type = "", device = "", o = "" } = options;
  const missing = device === "" && type !== "tmpfs" ? "device" : type === "" ? "type" : undefined;
  if (missing === undefined || type + device + o === "") return;
  throw new UserError(`create ${name}: missing required option: "${missing}"`, undefined, 1);
}

/** @throws UserError for what cannot be mounted */
export async function findPlace(
  name: string,
  { type = "", o = "", device = "" }: Readonly<Record<string, string>>,
): Promise<VolumePlace> {
  const options = o.split(",").filter((word) => word !== "");
  if (type === "" && device === "") return { kind: "folder", options };
  if (options.includes("bind") || options.includes("rbind")) {
    if (!device.startsWith("/") || !isDirectory(device)) {
      throw mountRefusal(name, `${device} is not a folder`);
    }
    return { kind: "folder", path: device, options };
  }
  if (device.startsWith("/") && fileType(device) === 0) {
    throw mountRefusal(name, `no such device ${device}`);
  }
  return { kind: "filesystem", type, device, options: await resolveAddress(name, options) };
}

/** The kernel wants an address; docker looks it up as well. */
async function resolveAddress(name: string, options: readonly string[]): Promise<string[]> {
  const resolved: string[] = [];
  for (const word of options) {
    const host = word.startsWith("addr=") ? word.slice("addr=".length) : undefined;
    resolved.push(host === undefined ? word : `addr=${await findAddress(name, host)}`);
  }
  return resolved;
}

async function findAddress(name: string, host: string): Promise<string> {
  // Start-up: loaded for the volumes whose options name a host.
  const { lookup } = process.getBuiltinModule("node:dns/promises");
  try {
    return (await lookup(host)).address;
  } catch {
    throw mountRefusal(name, `error resolving passed in network volume address "${host}"`);
  }
}

const mountRefusal = (name: string, why: string): UserError =>
  new UserError(`failed to mount local volume ${name}: ${why}`);
