// The hidden command that looks after the health of containers.

/** mod.ts knows it before the command line is loaded. */
export const HEALTH_COMMAND = "internal-health";
