// `--device HOST[:CONTAINER[:rwm]]`, the rules of who may open what, and the throttles and weights of
// block devices, `/dev/sda:1mb`.
import type {
  DeviceOption,
  DeviceRuleOption,
  ThrottleOption,
  WeightOption,
} from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { readDigits } from "./number.ts";
import { parseSize } from "./size.ts";

/** Returns a device; the container's path is the host's, and access "rwm", unless given. */
export function parseDevice(text: string): DeviceOption {
  const [hostPath = "", second, third, ...rest] = text.split(":");
  if (rest.length > 0) throw new UserError(`bad format for path: ${text}`);
  requireAbsolute(hostPath);
  // Two parts are a path or an access: `/dev/fuse:r` is docker's short form.
  if (second !== undefined && third === undefined && isAccess(second)) {
    return { hostPath, containerPath: hostPath, access: second };
  }
  const containerPath = second ?? hostPath;
  requireAbsolute(containerPath);
  const access = third ?? "rwm";
  if (!isAccess(access)) {
    throw new UserError(`bad mode specified: ${access}`, "any of r (read), w (write), m (mknod)");
  }
  return { hostPath, containerPath, access };
}

function requireAbsolute(path: string): void {
  if (!path.startsWith("/")) throw new UserError(`${path} is not an absolute path`);
}

/** Each of r, w and m at most once, and one at least. */
function isAccess(text: string): boolean {
  return /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;
}

/** Returns a rule of the devices controller, `c 1:3 rwm`; a star is each number. */
export function parseDeviceRule(text: string): DeviceRuleOption {
  const [, type, major = "", minor = "", access = ""] =
    /^([abc]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text) ?? [];
  if (type !== "a" && type !== "b" && type !== "c") {
    throw new UserError(`invalid device cgroup format '${text}'`, 'such as "c 1:3 rwm"');
  }
  return {
    type,
    ...(major !== "*" && { major: Number(major) }),
    ...(minor !== "*" && { minor: Number(minor) }),
    access,
  };
}

/** Returns a weight, `/dev/sda:100`; 0 is as if there were none. */
export function parseDeviceWeight(text: string): WeightOption {
  const { path, rate } = splitThrottle(text);
  const weight = readDigits(rate);
  if (weight === undefined || weight > 1000 || (weight > 0 && weight < 10)) {
    throw new UserError(`invalid weight for device: ${text}`, "a number from 10 to 1000");
  }
  return { path, weight };
}

/** Returns a limit in bytes per second, `/dev/sda:1mb`. */
export function parseByteThrottle(text: string): ThrottleOption {
  const { path, rate: rateText } = splitThrottle(text);
  try {
    return { path, rate: parseSize(rateText) };
  } catch {
    const rule = "Number must be a positive integer. Unit is optional and can be kb, mb, or gb";
    throw new UserError(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. ${rule}`,
    );
  }
}

/** Returns a limit in operations per second, `/dev/sda:1000`. */
export function parseOperationThrottle(text: string): ThrottleOption {
  const { path, rate: rateText } = splitThrottle(text);
  const rate = readDigits(rateText);
  if (rate === undefined) {
    throw new UserError(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  }
  return { path, rate };
}

function splitThrottle(text: string): { path: string; rate: string } {
  const colon = text.indexOf(":");
  if (colon <= 0) throw new UserError(`bad format: ${text}`);
  const path = text.slice(0, colon);
  if (!path.startsWith("/dev/")) throw new UserError(`bad format for device path: ${text}`);
  return { path, rate: text.slice(colon + 1) };
}
