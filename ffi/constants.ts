// The kernel's flag bits, by their own names, and the way to print them. From the uapi headers;
// the values are the same on x86-64 and arm64 but where a table says otherwise.
//
// Start-up time: a file for each header, as a table that is loaded takes 3,000 instructions a row. Who
// imports a table here loads its file alone, as package.json says `"sideEffects": false`. See
// docs/decisions/startup-cost.md.

export * from "./constants/fcntl.ts";
export * from "./constants/format.ts";
export * from "./constants/limits.ts";
export * from "./constants/memory.ts";
export * from "./constants/mount.ts";
export * from "./constants/process.ts";
export * from "./constants/sched.ts";
export * from "./constants/terminal.ts";
