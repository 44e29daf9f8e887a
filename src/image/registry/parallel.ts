// Several pieces of asynchronous work at once, up to a number.

/**
 * Does `work` for each item, at most `width` at a time. After the first failure nothing new begins;
 * it is thrown once what was begun has ended.
 */
export async function forEachParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  let failure: { readonly error: unknown } | undefined;
  const workThrough = async (): Promise<void> => {
    for (;;) {
      const item = waiting.shift();
      if (item === undefined || failure !== undefined) return;
      try {
        await work(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, workThrough));
  if (failure !== undefined) throw failure.error;
}
