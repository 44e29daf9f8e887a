// The hidden command that is the DNS of this host's networks.

/** mod.ts knows it before the command line is loaded. */
export const DNS_COMMAND = "internal-dns";
