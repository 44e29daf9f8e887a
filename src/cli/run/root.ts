// What the operands of `run` are: an image and its command, or a command alone.
import type { RootOption } from "../../engine/run-options.ts";
import { UserError } from "../../errors.ts";
import type { RunDraft } from "./draft.ts";

/** Where the root file system comes from, and what to run in it. */
export interface RootAndCommand {
  readonly root: RootOption;
  readonly command: readonly string[];
}

/**
 * Returns the operands sorted. With `--rootfs` all are the command; an operand that starts with `/`
 * or `./` is no image reference, so it begins a command in the host image.
 * @throws UserError exit code 1 for too few operands, as docker does
 */
export function splitOperands(
  draft: RunDraft,
  operands: readonly string[],
  command: string,
): RootAndCommand {
  if (draft.rootfs !== undefined) {
    return { root: { kind: "rootfs", path: draft.rootfs }, command: operands };
  }
  const first = operands[0];
  if (first === undefined) {
    throw new UserError(
      `'bunker ${command}' requires at least 1 argument`,
      `an image, or a command of this host such as /bin/sh; see 'bunker ${command} --help'`,
      1,
    );
  }
  if (first.startsWith("/") || first.startsWith("./")) {
    return { root: { kind: "host" }, command: operands };
  }
  if (first === "") throw new UserError("invalid reference format", "the image has no name");
  return { root: { kind: "image", reference: first }, command: operands.slice(1) };
}
