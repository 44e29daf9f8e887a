// The value of --restart.
import { UserError } from "../../errors.ts";
import type { RestartOption } from "../../engine/run-options.ts";

/** `no`, `always`, `unless-stopped`, `on-failure[:N]`. @throws UserError in docker's words */
export function parseRestart(text: string): RestartOption {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? text : text.slice(0, colon);
  const count = colon < 0 ? "" : text.slice(colon + 1);
  if (kind === "on-failure") return { kind, attempts: parseAttempts(count, colon >= 0) };
  if (kind !== "no" && kind !== "always" && kind !== "unless-stopped") {
    throw new UserError(
      `unknown policy '${text}'; use one of 'no', 'always', 'on-failure', 'unless-stopped'`,
    );
  }
  if (colon >= 0) throw new UserError("maximum retry count can only be used with 'on-failure'");
  return { kind };
}

function parseAttempts(text: string, isGiven: boolean): number {
  if (!isGiven) return 0;
  if (/^[0-9]{1,9}$/.test(text)) return Number(text);
  throw new UserError(`maximum retry count must be an integer: got "${text}"`);
}
