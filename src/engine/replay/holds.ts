// Whether the host still answers as it did.

import { capget } from "../../../ffi/capability.ts";
import { fileType, readTextIfThere, realPath } from "../../../ffi/files.ts";
import type { Answer, Observation, Question } from "../../../ffi/observe.ts";
import { prlimit } from "../../../ffi/resource.ts";
import { statfs } from "../../../ffi/statfs.ts";
import { SyscallError } from "../../../ffi/syscall-error.ts";
import { readContainerFile } from "../container-files.ts";

/** False as soon as one answer is another one, or cannot be had. */
export function stillHolds(observations: readonly Observation[]): boolean {
  try {
    for (const [question, about, answer] of observations) {
      if (ask(question, about) !== answer) return false;
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
    case "inside": {
      const end = about.indexOf("\0");
      return readContainerFile(about.slice(0, end), about.slice(end + 1));
    }
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
      return process.env[about] ?? null;
    case "cpus":
      return navigator.hardwareConcurrency;
  }
}
