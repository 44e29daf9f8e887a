// What is printed again and again, as long as somebody reads it.
import { writeAll } from "../../../ffi/files.ts";
import { isSyscallError } from "../../../ffi/syscall-error.ts";

/** False once the reader of stdout has left: `stats | head`. */
export function writeWhileRead(text: string): boolean {
  try {
    writeAll(1, text, "stdout");
    return true;
  } catch (error) {
    if (isSyscallError(error, "EPIPE")) return false;
    throw error;
  }
}
