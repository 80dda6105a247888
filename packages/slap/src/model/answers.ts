import { z } from 'zod';

import { SlapError } from '../errors.js';
import { plainDictionary } from '../wire/schemas.js';
import { type MarshalValue, type PlainRecord, toPlain } from '../wire/values.js';

/** A certificate and its private key, both as PEM text. */
export interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

const certificateSchema = z.object({ certificate: z.string(), key: z.string() });
const pairsSchema = z.array(z.tuple([z.string(), z.string()]));
const textsSchema = z.array(z.string());

function checked<T>(schema: z.ZodType<T>, value: MarshalValue, what: string): T {
  const result = schema.safeParse(toPlain(value));
  if (result.success) return result.data;
  throw new SlapError('SLAP_INVALID_DOCUMENT', `The master sent something else than ${what}.`, { cause: result.error });
}

/** Reads a dictionary with a certificate and a key. */
export function readCertificate(value: MarshalValue): CertificateAndKey {
  return checked(certificateSchema, value, 'a certificate with its key');
}

/** Reads a list of pairs of interface and address. */
export function readAddressPairs(value: MarshalValue): [string, string][] {
  return checked(pairsSchema, value, 'a list of pairs of interface and address');
}

/** Reads any dictionary. */
export function readDictionary(value: MarshalValue): PlainRecord {
  return checked(plainDictionary, value, 'a dictionary');
}

/** Reads a list of texts. */
export function readTexts(value: MarshalValue): string[] {
  return checked(textsSchema, value, 'a list of texts');
}
