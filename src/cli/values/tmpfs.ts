// `--tmpfs TARGET[:OPTIONS]`, with the options of mount(8) and tmpfs(5).
import type { MountOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import { parseTarget } from "./volume.ts";

const switches =
  " defaults ro rw suid nosuid dev nodev exec noexec sync async dirsync mand nomand " +
  "atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime ";

/** Returns a tmpfs with the options as given; what is not said is the engine's to fill in. */
export function parseTmpfs(text: string): MountOption {
  const colon = text.indexOf(":");
  const target = parseTarget(colon < 0 ? text : text.slice(0, colon));
  const options = colon < 0 ? [] : text.slice(colon + 1).split(",");
  for (const option of options) checkOption(option);
  return { type: "tmpfs", target, options };
}

function checkOption(option: string): void {
  const known = option.includes("=")
    ? /^(size=\d+[kmg%]?|nr_(blocks|inodes)=\d+[kmg]?|mode=[0-7]{1,5}|[ug]id=\d+|mpol=.+)$/i
    : /^[a-z]+$/;
  const listed = option.includes("=") || switches.includes(` ${option} `);
  if (known.test(option) && listed) return;
  throw new UserError(
    `invalid tmpfs option "${option}"`,
    "for example size=64m,mode=1777,noexec (tmpfs(5))",
  );
}
