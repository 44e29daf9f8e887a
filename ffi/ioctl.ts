// sys/ioctl.h: requests to a device driver. Those of terminals are in termios.ts.

import { check, library } from "./library.ts";
import type { Context } from "./syscall.ts";

const ioctlH = library({ ioctl: ["i32", "i32", "i64", "i64"] });

/** What the driver answers. ioctl(2); ENOTTY where the file does not know the request. */
export function ioctl(fd: number, request: number, argument: number, context?: Context): number {
  const unknown = () => ({ detail: `fd ${fd}, request 0x${request.toString(16)}` });
  return check(ioctlH().ioctl(fd, request, argument), "ioctl", context ?? unknown);
}

const NS_GET_NSTYPE = 0xb703;

/** Which namespace an open file stands for, as a CLONE flag. ioctl_ns(2), 4.11; ENOTTY for none. */
export const namespaceType = (fd: number): number => ioctl(fd, NS_GET_NSTYPE, 0);
