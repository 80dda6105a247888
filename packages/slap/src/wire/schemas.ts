import { z } from 'zod';

import { isPlainObject, type PlainRecord } from './values.js';

/**
 * A dictionary with any keys and values, passed on as the same object. zod's own record makes a copy, which costs time and
 * loses a key named `__proto__`.
 */
export const plainDictionary: z.ZodType<PlainRecord, PlainRecord> = z.custom<PlainRecord>(
  isPlainObject,
  'expected a dictionary',
);
