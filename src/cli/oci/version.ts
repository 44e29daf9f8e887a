// `--version`: in the shape that containerd, docker and podman read runc's in.
import manifest from "../../../package.json" with { type: "json" };
import { libcFiles } from "../libc-files.ts";

/** The version of the runtime specification that this follows. */
const SPEC_VERSION = "1.2.0";

/** Prints the version; returns the exit code. */
export function showVersion(name: string): number {
  libcFiles.write(1, formatVersion(name));
  return 0;
}

/** Docker reads the version behind "NAME version", and the commit behind "commit:". */
export function formatVersion(name: string): string {
  const { version } = manifest;
  return `${name} version ${version}\ncommit: bunker-${version}\nspec: ${SPEC_VERSION}\n`;
}
