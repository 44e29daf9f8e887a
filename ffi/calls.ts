// Builders of Call values, one for each system call that plans use, with the kernel's own names and
// parameter order. Nothing happens here: see call.ts.

export { AT_FDCWD } from "./constants.ts";
export * from "./calls/bpf.ts";
export * from "./calls/files.ts";
export * from "./calls/identity.ts";
export type { CallOptions, FdArgument } from "./calls/make.ts";
export * from "./calls/mounts.ts";
export * from "./calls/processes.ts";
