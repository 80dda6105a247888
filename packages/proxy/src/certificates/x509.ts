import { randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

import type { CertificatePair } from './authority.js';

const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const SIGNING_ALGORITHM = { name: 'ECDSA', hash: 'SHA-256' };
const AUTHORITY_NAME = 'CN=SlapOS proxy authority';
const MILLISECONDS_PER_SECOND = 1_000;
const MILLISECONDS_PER_YEAR = 365 * 24 * 3_600 * MILLISECONDS_PER_SECOND;
const AUTHORITY_LIFE_YEARS = 20;
const CERTIFICATE_LIFE_YEARS = 10;
/** Clocks of nodes differ a little from ours. */
const BACKDATING_MS = 3_600 * MILLISECONDS_PER_SECOND;
const SERIAL_BYTES = 16;

/** A new certificate, with the number that it can be revoked by. */
export interface IssuedCertificate extends CertificatePair {
  /** Hexadecimal. */
  readonly serial: string;
}

/** Makes the certificate and key of a new authority. */
export async function makeAuthority(nowSeconds: number): Promise<CertificatePair> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerial(),
    name: AUTHORITY_NAME,
    keys,
    signingAlgorithm: SIGNING_ALGORITHM,
    ...lifetime(nowSeconds, AUTHORITY_LIFE_YEARS),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: pemFile(certificate.toString('pem')), key: await keyFile(keys.privateKey) };
}

/**
 * Makes a key, and a certificate of it for client and server that the authority signed.
 * @param serverNames host names and addresses that a server with it may have
 */
export async function issueCertificate(
  authority: CertificatePair,
  commonName: string,
  nowSeconds: number,
  serverNames: readonly string[] = [],
): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const keys = await generateKeys();
  const issuer = new x509.X509Certificate(authority.certificate);
  const serial = newSerial();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial,
    subject: new x509.Name([{ CN: [{ utf8String: commonName }] }]).toString(),
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNING_ALGORITHM,
    ...lifetime(nowSeconds, CERTIFICATE_LIFE_YEARS),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...(serverNames.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              serverNames.map((name) => ({ type: isIP(name) === 0 ? ('dns' as const) : ('ip' as const), value: name })),
            ),
          ]),
    ],
  });
  return { serial, certificate: pemFile(certificate.toString('pem')), key: await keyFile(keys.privateKey) };
}

/** Loaded at its first use: it takes long, and most proxies never issue a certificate. */
async function loadX509() {
  // The decorators that the library describes ASN.1 with need it.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  x509.cryptoProvider.set(webcrypto as never);
  return x509;
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}

async function keyFile(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

function pemFile(pem: string): string {
  return pem.endsWith('\n') ? pem : `${pem}\n`;
}

function newSerial(): string {
  const bytes = randomBytes(SERIAL_BYTES);
  // A positive number: the first bit is the sign. And not zero, or it would be shortened.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

function lifetime(nowSeconds: number, years: number): { notBefore: Date; notAfter: Date } {
  const now = nowSeconds * MILLISECONDS_PER_SECOND;
  return { notBefore: new Date(now - BACKDATING_MS), notAfter: new Date(now + years * MILLISECONDS_PER_YEAR) };
}
