// KEY=VALUE values: labels, annotations, kernel parameters.
import { UserError } from "../../errors.ts";

/** A key and its value. */
export type Pair = readonly [key: string, value: string];

/** Returns the pair at the first `=`; a bare key has an empty value. */
export function splitPair(text: string): Pair {
  const equals = text.indexOf("=");
  return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
}

/** Returns a label, `KEY[=VALUE]`. */
export function parseLabel(text: string): Pair {
  const pair = splitPair(text);
  if (pair[0] === "") throw new UserError(`invalid label '${text}': empty name`);
  return pair;
}

/** Returns an annotation, `KEY[=VALUE]`. */
export function parseAnnotation(text: string): Pair {
  const pair = splitPair(text);
  if (pair[0] === "") throw new UserError(`invalid annotation '${text}': empty name`);
  return pair;
}

/**
 * Returns a kernel parameter, `KEY=VALUE`.
 * Security: only parameters that belong to a namespace of the container's own; any other would be
 * the host's.
 */
export function parseSysctl(text: string): Pair {
  const pair = splitPair(text);
  const ipc = /^kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)$/;
  const own = ipc.test(pair[0]) || /^(net|fs\.mqueue)\../.test(pair[0]);
  // A slash is sysctl(8)'s other separator, and could leave the folder of the namespace.
  if (!own || !text.includes("=") || pair[0].includes("/")) {
    throw new UserError(
      `sysctl '${text}' is not allowed`,
      "KEY=VALUE with net.*, fs.mqueue.* or one of the kernel.* parameters of an ipc namespace",
    );
  }
  return pair;
}
