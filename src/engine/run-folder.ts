// Where everything is that is gone at boot: the state of containers, compiled seccomp profiles.

/** Where the state of this user's containers is. */
export function runFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env["BUNKER_RUN"] ?? "/run/bunker";
}
