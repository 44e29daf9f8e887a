// Whether a link is there. Start-up: apart, as a replayed run asks for no more.

import { fileType } from "../../../ffi/files.ts";

/** In this thread's network namespace. */
export const hasLink = (name: string): boolean => fileType(`/proc/sys/net/ipv4/conf/${name}`) !== 0;
