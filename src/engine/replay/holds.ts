// Whether the host still answers as it did.

import { capget } from "../../../ffi/capability.ts";
import { readVariable } from "../../../ffi/environment.ts";
import {
  fileType,
  readLinesWith,
  readLink,
  readTextIfThere,
  realPath,
} from "../../../ffi/files.ts";
import type { Answer, Observation, Question } from "../../../ffi/observe.ts";
import { prlimit } from "../../../ffi/resource.ts";
import { statfs } from "../../../ffi/statfs.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import { readContainerFile } from "../container-files.ts";

/**
 * False as soon as one answer is another one, or cannot be had.
 * @param standIn what stands for `id` in what was asked
 */
export function stillHolds(
  observations: readonly Observation[],
  standIn: string,
  id: string,
): boolean {
  try {
    for (const [question, about, answer] of observations) {
      const now = standIn === id ? about : about.replaceAll(standIn, id);
      if (ask(question, now) !== answer) return false;
    }
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
}

function ask(question: Question, about: string): Answer {
  switch (question) {
    case "type":
      return fileType(about);
    case "text":
      return readTextIfThere(about) ?? null;
    case "lines":
      return readLinesWith(pathOf(about), headOf(about));
    case "inside":
      return readContainerFile(headOf(about), pathOf(about));
    case "link":
      return readLink(about) ?? null;
    case "real":
      return realPath(about);
    case "filesystem":
      return statfs(about).magic;
    case "limit": {
      const { soft, hard } = prlimit(0, Number(about));
      return `${soft}:${hard}`;
    }
    case "capabilities":
      return capget(Number(about)).permitted.toString(16);
    case "cwd":
      return process.cwd();
    case "variable":
      return readVariable(about) ?? null;
    case "cpus":
      return navigator.hardwareConcurrency;
  }
}

const headOf = (about: string): string => about.slice(0, about.indexOf("\0"));
const pathOf = (about: string): string => about.slice(about.indexOf("\0") + 1);
