// This machine cannot have networks as it is: whoever has asked for none can do without.

import { UserError } from "../src/errors.ts";

/** A program is missing, or the kernel refuses what it was asked for: it has no bridges, or none for us. */
export class UnavailableError extends UserError {}
