/** Where the state of root's containers is. */
export const DEFAULT_ROOT = "/run/bunker/oci";
