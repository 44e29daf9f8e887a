// The hidden command that a prelude goes on with after the end of a container that did not end with 0, or
// where something is to be cleared up.

/** Its arguments: the path of what is kept of the launch, and the words of the run. */
export const ENDED_COMMAND = "internal-ended";
