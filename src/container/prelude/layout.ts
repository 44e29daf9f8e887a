// Where the tapes of a prelude are mapped: below 2 GiB, as records hold addresses of 32 bits, and far
// from the executable, its heap and everything that the kernel chooses a place for.

/** What is kept of a prelude, in the run folder. */
export const PRELUDES = "preludes";
/** The run folder where $BUNKER_RUN names none. */
export const RUN_FOLDER = "/run/bunker";

/** Which words there are. */
export const INDEX_ADDRESS = 0x70000000;
/** What is done for those words. */
export const LAUNCH_ADDRESS = 0x71000000;
/** How much of either is mapped, and at most used. */
export const MAPPED_BYTES = 4 * 1024 * 1024;
/** The channel of the agent, as the prelude sees it. */
export const VIEW_ADDRESS = 0x72000000;
