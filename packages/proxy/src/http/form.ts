import { isSlapError, MarshalFloat, type MarshalLimits, type MarshalValue, unmarshal } from '@slapos/slap';

import { ProxyError } from '../errors.js';
import type { BodyReader } from './body.js';

/** What a request without a needed field is told, as by the Python proxy. */
const MISSING_FIELD_TEXT = 'The browser (or proxy) sent a request that this server could not understand.';
/** What XML 1.0 cannot hold. */
export const NOT_IN_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u;
const FORM_CONTENT_TYPE = 'application/x-www-form-urlencoded';

/** The fields of a form or of a query, read as the tool API reads them: the first of several equal names counts. */
export class Fields {
  readonly #fields: URLSearchParams;

  constructor(fields: URLSearchParams) {
    this.#fields = fields;
  }

  /** @throws ProxyError `PROXY_INVALID_REQUEST` when it is missing, or holds characters that no document can carry. */
  required(name: string): string {
    const value = this.#fields.get(name);
    if (value === null) {
      throw new ProxyError('PROXY_INVALID_REQUEST', MISSING_FIELD_TEXT, {
        hint: `The field ${JSON.stringify(name)} is missing.`,
      });
    }
    // Kept, they would make every document that shows them unreadable.
    if (NOT_IN_XML.test(value)) throw invalidField(name, 'it holds control characters');
    return value;
  }

  /** `undefined` when it is missing. */
  optional(name: string): string | undefined {
    return this.#fields.get(name) ?? undefined;
  }

  /** A field that clients may send as nothing, or as the text `None` for nothing; `undefined` then. */
  reference(name: string): string | undefined {
    const value = this.#fields.get(name);
    return value === null || value === '' || value.toLowerCase() === 'none' ? undefined : value;
  }

  /**
   * A field that holds a marshalled document; `fallback` when it is missing and a fallback is given.
   * @throws ProxyError `PROXY_INVALID_REQUEST` when it cannot be read, or is larger than the limits (by default those of unmarshal).
   */
  marshalled(
    name: string,
    options: { readonly fallback?: MarshalValue; readonly limits?: Partial<MarshalLimits> } = {},
  ): MarshalValue {
    const { fallback, limits } = options;
    const text = fallback === undefined ? this.required(name) : this.optional(name);
    return text === undefined ? (fallback ?? null) : readMarshalled(name, text, limits);
  }

  /** A marshalled dictionary with text keys; empty when it is missing. */
  dictionary(name: string): Map<string, MarshalValue> {
    return textDictionary(name, this.marshalled(name, { fallback: new Map() }));
  }
}

function readMarshalled(name: string, text: string, limits: Partial<MarshalLimits> = {}): MarshalValue {
  try {
    return unmarshal(text, { limits });
  } catch (error) {
    if (!isSlapError(error)) throw error;
    throw invalidField(name, error.message, error);
  }
}

/** Checks that a value is a dictionary whose keys are texts. `name` says where it came from. */
export function textDictionary(name: string, value: MarshalValue): Map<string, MarshalValue> {
  if (!(value instanceof Map)) throw invalidField(name, 'it must be a dictionary');
  for (const key of value.keys()) {
    if (typeof key !== 'string') throw invalidField(name, 'its keys must be texts');
  }
  return value as Map<string, MarshalValue>;
}

/** Whether a marshalled value counts as true in Python. */
export function isTrue(value: MarshalValue): boolean {
  if (value instanceof MarshalFloat) return value.value !== 0;
  return Boolean(value);
}

export function invalidField(name: string, problem: string, cause?: unknown): ProxyError {
  return new ProxyError('PROXY_INVALID_REQUEST', `Field ${JSON.stringify(name)} cannot be read: ${problem}`, { cause });
}

/**
 * Reads the form of a request; empty when the body is not one.
 * @throws ProxyError `PROXY_TOO_LARGE`, `PROXY_BUSY`, `PROXY_INVALID_REQUEST`.
 */
export async function readForm(request: Request, bodies: BodyReader): Promise<Fields> {
  const contentType = request.headers.get('content-type') ?? '';
  const text = (await bodies.read(request)).toString('utf8');
  return new Fields(new URLSearchParams(contentType.startsWith(FORM_CONTENT_TYPE) ? text : ''));
}

/** The query of a request. */
export function readQuery(request: Request): Fields {
  const start = request.url.indexOf('?');
  return new Fields(new URLSearchParams(start === -1 ? '' : request.url.slice(start + 1)));
}
