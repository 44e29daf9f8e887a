// The error that is the user's to mend. Everything the world refuses has a class where it arises
// (SyscallError in ffi/); anything else that is thrown is a bug of ours.

/** A wrong request: one lower-case line without a final period, and what to do about it. */
export class UserError extends Error {
  override readonly name = "UserError";
  /** @param exitCode 125 unless docker has another (126, 127) for this refusal */
  constructor(
    message: string,
    readonly hint?: string,
    readonly exitCode: number = 125,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
