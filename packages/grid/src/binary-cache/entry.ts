import { type KeyObject, sign, verify, X509Certificate } from 'node:crypto';

import type { Logger } from '@slapos/host';
import { z } from 'zod';

import type { Platform } from './platform.js';

/** What a trusted uploader says about an archive. */
export interface CacheEntry extends Platform {
  /** Of the archive, in hexadecimal. */
  readonly sha512: string;
  readonly softwareUrl?: string;
  readonly softwareRoot?: string;
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
const SHA512 = /^[0-9a-f]{128}$/;
/** The oldest entries have the text of a Python tuple of three texts. */
const OLD_TUPLE = /^\(u?'([^'\\]*)', u?'([^'\\]*)', u?'([^'\\]*)'\)$/;

const answerSchema = z.array(z.unknown());
const pairSchema = z.tuple([z.string(), z.string()]);
const descriptionSchema = z.object({
  sha512: z.string().regex(SHA512),
  software_url: z.string().optional(),
  software_root: z.string().optional(),
  multiarch: z.string().optional(),
  machine: z.string().optional(),
  os: z.union([z.tuple([z.string(), z.string(), z.string()]), z.string()]),
});

/**
 * The keys of concatenated PEM certificates; one that cannot be read or has expired is left out, with a word to the log.
 * (spec: grid 6.2)
 */
export function readCertificates(pem: string, nowMs: number, logger: Logger): KeyObject[] {
  return (pem.match(CERTIFICATE) ?? []).flatMap((text) => {
    try {
      const certificate = new X509Certificate(text);
      if (Date.parse(certificate.validTo) >= nowMs) return [certificate.publicKey];
      const { subject, validTo } = certificate;
      logger.warn('A certificate of signature-certificate-list has expired and is ignored', { subject, validTo });
      return [];
    } catch (error) {
      logger.warn('A certificate of signature-certificate-list cannot be read and is ignored', { error });
      return [];
    }
  });
}

/** SHA-1 for what exists, SHA-256 for what comes; other kinds of keys have a digest of their own. */
function digestsOf(key: KeyObject): readonly (string | null)[] {
  if (key.asymmetricKeyType === 'rsa') return ['sha256', 'sha1'];
  return key.asymmetricKeyType === 'ec' ? ['sha256'] : [null];
}

/** Whether one of the keys made the signature (base64) of exactly this text. An empty signature is none. */
export function isTrusted(description: string, signature: string, keys: readonly KeyObject[]): boolean {
  const bytes = Buffer.from(signature, 'base64');
  if (bytes.length === 0) return false;
  const data = Buffer.from(description);
  return keys.some((key) =>
    digestsOf(key).some((digest) => {
      try {
        return verify(digest, data, key, bytes);
      } catch {
        return false; // a signature of another shape
      }
    }),
  );
}

/** The signatures of a description, in base64: the one that every node reads first. (spec: grid 6.2, security S21) */
export function signDescription(description: string, key: KeyObject): string[] {
  const digests = digestsOf(key).toReversed();
  return digests.map((digest) => sign(digest, Buffer.from(description), key).toString('base64'));
}

function readOs(os: z.output<typeof descriptionSchema>['os']): Platform['os'] | undefined {
  if (typeof os !== 'string') return os;
  const match = OLD_TUPLE.exec(os);
  return match === null ? undefined : [match[1] ?? '', match[2] ?? '', match[3] ?? ''];
}

/** What a description says about an archive; `undefined` when it says not enough. */
export function readDescription(text: string): CacheEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const parsed = descriptionSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { sha512, software_url: softwareUrl, software_root: softwareRoot, machine } = parsed.data;
  const multiarch = parsed.data.multiarch ?? (machine === 'x86_64' ? 'x86_64-linux-gnu' : undefined);
  const os = readOs(parsed.data.os);
  if (multiarch === undefined || os === undefined) return undefined;
  return {
    sha512,
    multiarch,
    os,
    ...(softwareUrl === undefined ? {} : { softwareUrl }),
    ...(softwareRoot === undefined ? {} : { softwareRoot }),
  };
}

/** The pairs of an answer of shadir; what is none is left out. (spec: grid 6.2) */
export function readPairs(answer: unknown): [description: string, signature: string][] {
  return answerSchema.parse(answer).flatMap((item) => {
    const pair = pairSchema.safeParse(item);
    return pair.success ? [pair.data] : [];
  });
}

/**
 * The entries of an answer of shadir that a trusted key signed, in their order. The signature is checked over the received text, and only
 * then is the text read. (spec: grid 6.2)
 */
export function readTrustedEntries(answer: unknown, keys: readonly KeyObject[]): CacheEntry[] {
  return readPairs(answer).flatMap(([description, signature]) => {
    if (!isTrusted(description, signature, keys)) return [];
    const entry = readDescription(description);
    return entry === undefined ? [] : [entry];
  });
}
