/**
 * Runs `work` on each item, at most `jobs` at a time, beginning in the order of the items. Resolves when all are done, in that order too.
 * `work` must not reject: each item deals with its own failure, so that one never stops the others.
 */
export async function forEachLimited<Item, Result>(
  items: readonly Item[],
  jobs: number,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = new Array<Result>(items.length);
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.max(1, Math.min(jobs, items.length)) }, worker));
  return results;
}
