// The hidden command that a guardian becomes once its container has ended.

/** mod.ts knows it before the command line is loaded; one argument: the container's id. */
export const AFTER_COMMAND = "internal-after";
