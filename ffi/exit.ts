// The end of this process. Apart from unistd.ts, as every command needs it, and few need the rest.

import { rawCall } from "./syscall.ts";

/** Ends this process at once: no exit handlers, nothing flushed. exit_group(2) */
export function _exit(status: number): never {
  rawCall("exit_group", status);
  throw new Error("_exit came back");
}
