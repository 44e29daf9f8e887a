// Where what is kept lives: images, volumes, the containers' writable layers.

export const DATA_VARIABLE = "BUNKER_DATA";

/** The root of this machine's store; tests have one of their own. */
export function dataFolder(env: Readonly<Record<string, string | undefined>>): string {
  return env[DATA_VARIABLE] ?? "/var/lib/bunker";
}
