// What an id may be.

import { UserError } from "../../errors.ts";

/** runc's rule, and no more than a folder's name. */
export function checkId(id: string): void {
  if (id === "") throw new UserError("container id cannot be empty", undefined, 1);
  let isRight = id !== "." && id !== ".." && id.length <= 1024;
  for (let i = 0; i < id.length; i++) if (!isIdCharacter(id.charCodeAt(i))) isRight = false;
  if (!isRight) throw new UserError("invalid container ID format", undefined, 1);
}

function isIdCharacter(code: number): boolean {
  if (code >= 48 && code <= 57) return true;
  if (code >= 65 && code <= 90) return true;
  if (code >= 97 && code <= 122) return true;
  // _ + - .
  return code === 95 || code === 43 || code === 45 || code === 46;
}
