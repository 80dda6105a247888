import { SlapOSError, type SlapOSErrorOptions } from '@slapos/host';

/** The codes of PromiseError. */
export type PromiseErrorCode = 'PROMISE_INVALID_OPTION' | 'PROMISE_REFUSED_ROOT' | 'PROMISE_FAILED';

/** What keeps promises from being run. That a promise fails is not an error but a result. */
export class PromiseError extends SlapOSError {
  declare readonly code: PromiseErrorCode;

  constructor(code: PromiseErrorCode, message: string, options: SlapOSErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Quotes a name as the Python node does: single quotes, or double ones when it holds a single quote and no double one. */
function quoteLikePython(name: string): string {
  const quote = name.includes("'") && !name.includes('"') ? '"' : "'";
  const escaped = name
    .replaceAll('\\', '\\\\')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(quote, `\\${quote}`);
  return quote + escaped + quote;
}

/** The text under which the master and the operator learn of a failed promise. (spec: promise 6) */
export function promiseFailureText(failure: { readonly name: string; readonly message: string }): string {
  return `Promise ${quoteLikePython(failure.name)} failed with output: ${failure.message}`;
}
