// `--security-opt`: one setting each time it is given.
import { UserError } from "../../errors.ts";
import { parseBoolean } from "./number.ts";
import { resolvePath, type WorkingFolder } from "./path.ts";

/** One setting of the sandbox. */
export type SecuritySetting =
  | { readonly key: "no-new-privileges"; readonly value: boolean }
  | { readonly key: "seccomp"; readonly value: string }
  | { readonly key: "apparmor"; readonly value: string }
  | { readonly key: "systempaths" };

const forms =
  "no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, systempaths=unconfined";

/** Returns a setting; a seccomp profile's path is made absolute. `:` for `=` is docker's old way. */
export function parseSecurityOption(text: string, cwd: WorkingFolder): SecuritySetting {
  const [key, value] = split(text);
  if (key === "no-new-privileges") {
    return { key, value: value === undefined || readSwitch(text, value) };
  }
  if (value === undefined || value === "") throw invalid(text);
  switch (key) {
    case "seccomp":
      return { key, value: resolveProfile(value, cwd) };
    case "apparmor":
      return { key, value };
    case "systempaths":
      if (value === "unconfined") return { key };
      throw invalid(text);
    case "label":
      throw new UserError("SELinux labels are not supported: got " + JSON.stringify(text));
  }
  throw invalid(text);
}

function split(text: string): [key: string, value: string | undefined] {
  const mark = text.includes("=") ? text.indexOf("=") : text.indexOf(":");
  return mark < 0 ? [text, undefined] : [text.slice(0, mark), text.slice(mark + 1)];
}

function readSwitch(text: string, value: string): boolean {
  try {
    return parseBoolean(value);
  } catch {
    throw invalid(text);
  }
}

/** "builtin" is docker's name for its default profile. */
function resolveProfile(value: string, cwd: WorkingFolder): string {
  if (value === "unconfined" || value === "default") return value;
  return value === "builtin" ? "default" : resolvePath(value, cwd);
}

function invalid(text: string): UserError {
  return new UserError(`invalid --security-opt: ${JSON.stringify(text)}`, forms);
}
