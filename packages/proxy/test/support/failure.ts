import { expect } from 'vitest';

import { ProxyError } from '../../src/index.js';

/** The ProxyError that a promise is rejected with; fails the test when it is fulfilled, or rejected with something else. */
export async function failureOf(promise: Promise<unknown>): Promise<ProxyError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProxyError);
  return error as ProxyError;
}
