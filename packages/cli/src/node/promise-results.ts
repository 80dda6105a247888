import type { PromisePassResult, PromiseVerdict } from '@slapos/grid';
import type { Column, ListResult } from '../output/render-result.js';

const MILLISECONDS = 1000;

/** What one promise of one partition said. */
export interface PromiseRow extends PromiseVerdict {
  readonly partition: string;
}

const COLUMNS: readonly Column<PromiseRow>[] = [
  { name: 'partition', value: ({ partition }) => partition },
  { name: 'promise', value: ({ name }) => name },
  { name: 'state', value: ({ failed }) => (failed ? 'FAILED' : 'ok') },
  { name: 'seconds', value: ({ executionSeconds }) => executionSeconds.toFixed(1) },
  { name: 'message', value: ({ message }) => firstLine(message) },
];

/** The result of a promise pass; a partition whose promises could not be run is a row without the name of a promise. */
export function promiseResults(result: PromisePassResult): ListResult<PromiseRow> {
  const items = result.items.flatMap(({ partitionId: partition, promises, error, durationMs }): PromiseRow[] =>
    promises.length === 0 && error !== undefined
      ? [{ partition, name: '', failed: true, message: error.message, executionSeconds: durationMs / MILLISECONDS }]
      : promises.map((verdict) => ({ partition, ...verdict })),
  );
  return {
    kind: 'PromiseResults',
    items,
    columns: COLUMNS,
    text: () => '',
    document: ({ partition, name, failed, message, executionSeconds }) => ({
      partition,
      promise: name,
      ok: !failed,
      message,
      executionMs: Math.round(executionSeconds * MILLISECONDS),
    }),
    about: { outcome: result.outcome },
  };
}

/** What tells one round from the next, times left out. */
export function promiseFingerprint(result: PromisePassResult): string {
  return JSON.stringify(
    result.items.map(({ partitionId, promises }) => [
      partitionId,
      promises.map(({ name, failed, message }) => [name, failed, message]),
    ]),
  );
}

/** For a cell of a table. */
export function firstLine(message: string): string {
  return message.trim().split('\n', 1)[0] ?? '';
}
