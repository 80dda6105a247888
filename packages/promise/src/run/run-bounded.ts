/**
 * Runs tasks in the order given, at most `limit` at a time. After one failed no other is started; the first failure is thrown
 * when those that ran are over.
 */
export async function runBounded(
  limit: number,
  signal: AbortSignal | undefined,
  tasks: readonly (() => Promise<void>)[],
): Promise<void> {
  const waiting = tasks.values();
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    for (const task of waiting) {
      if (failure !== undefined) return;
      try {
        signal?.throwIfAborted();
        await task();
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, tasks.length) }, work));
  if (failure !== undefined) throw failure.error;
}
