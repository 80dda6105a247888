import { z } from 'zod';

import { ProxyError } from '../errors.js';

/**
 * What a program gave us, as the schema reads it.
 * @throws ProxyError `PROXY_INVALID_OPTIONS` that begins with `problem` and names each wrong value.
 */
export function checkOptions<S extends z.ZodType>(schema: S, value: unknown, problem: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ProxyError('PROXY_INVALID_OPTIONS', `${problem}:\n${z.prettifyError(parsed.error)}`, {
    cause: parsed.error,
  });
}
