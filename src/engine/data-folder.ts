// Where what is kept lives: images, volumes, the containers' writable layers.

/** The root of this machine's store; tests have one of their own. */
export function dataFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env["BUNKER_DATA"] ?? "/var/lib/bunker";
}
