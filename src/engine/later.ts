// The type of a verb whose module is loaded when it is called.

/** As `F`, but what it returns comes later. */
export type Later<F extends (...args: never[]) => unknown> = (
  ...args: Parameters<F>
) => Promise<Awaited<ReturnType<F>>>;
