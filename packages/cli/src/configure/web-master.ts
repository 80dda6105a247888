import { readFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import { Flags } from '@oclif/core';
import { z } from 'zod';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

const TIMEOUT_MS = 60_000;
const OK = 200;
const FIRST_ERROR = 300;
const FORBIDDEN = 403;
const FIRST_SERVER_ERROR = 500;
const FORM = 'application/x-www-form-urlencoded';

/** How the web interface of a master is trusted (spec: ux-ideas §22, security S21). */
export const webFlags = {
  'master-url': Flags.string({
    description: 'the master that nodes and clients talk to',
    default: 'https://slap.vifib.com',
    helpValue: 'URL',
  }),
  'master-url-web': Flags.string({
    description: "the master's web interface, where one registers",
    default: 'https://panel.rapid.space',
    helpValue: 'URL',
  }),
  'tls-ca': Flags.string({ description: 'PEM file of the authority that signed its certificate', helpValue: 'FILE' }),
  'tls-fingerprint': Flags.string({
    description: 'SHA-256 fingerprint of its certificate, which alone is trusted then',
    helpValue: 'SHA256',
    exclusive: ['tls-ca', 'insecure'],
  }),
  insecure: Flags.boolean({ description: 'trust whoever answers; anybody on the way reads the token' }),
} as const;

/** The values of {@link webFlags}. */
export interface WebFlagValues {
  readonly 'master-url': string;
  readonly 'master-url-web': string;
  readonly 'tls-ca'?: string | undefined;
  readonly 'tls-fingerprint'?: string | undefined;
  readonly insecure: boolean;
}

/** How one proves who one is. */
export type Credentials = { readonly token: string } | { readonly login: string; readonly password: string };

/** A certificate that the master issued, with its key. */
export interface IssuedCertificate {
  /** With the text that OpenSSL puts before it. */
  readonly certificate: string;
  readonly key: string;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

const issuedSchema = z.object({ certificate: z.string(), key: z.string() });

/** The web interface of a master: it registers machines and users (spec: cli §3.11, §5.1). */
export class WebMaster {
  readonly #flags: WebFlagValues;
  readonly #base: URL;
  readonly #logger: CommandLog;
  readonly #signal: AbortSignal;

  /** @throws CliError `CLI_USAGE` for an address that is none */
  constructor(flags: WebFlagValues, logger: CommandLog, signal: AbortSignal) {
    const typed = flags['master-url-web'];
    if (!URL.canParse(typed) || !/^https?:$/.test(new URL(typed).protocol)) {
      throw new CliError('CLI_USAGE', `argument --master-url-web: expected a URL, found ${JSON.stringify(typed)}`);
    }
    this.#flags = flags;
    this.#base = new URL(typed.endsWith('/') ? typed : `${typed}/`);
    this.#logger = logger;
    this.#signal = signal;
  }

  /** Whether login and password are good: only then there is a way out on the front page. */
  async isLoginGood(credentials: { readonly login: string; readonly password: string }): Promise<boolean> {
    return (await this.#send('GET', this.#base, credentials)).body.includes('Logout');
  }

  /**
   * Looks whether the web interface is there and can be trusted; no secret is sent.
   * @throws CliError `CLI_WEB_FAILED`
   */
  async checkReachable(): Promise<void> {
    const { status } = await this.#send('GET', this.#base, undefined);
    if (status < FIRST_SERVER_ERROR) return;
    throw new CliError('CLI_WEB_FAILED', `${this.#base.href} answered with status ${status}.`, {
      hint: 'Try again later, or check --master-url-web.',
    });
  }

  /**
   * Registers a computer of this title.
   * Wire: POST `Person_requestComputer` with a token, GET with login and password.
   * @throws CliError `CLI_WEB_FAILED`
   */
  async requestComputer(title: string, credentials: Credentials): Promise<IssuedCertificate> {
    const url = new URL('Person_requestComputer', this.#base);
    const form = new URLSearchParams({ title }).toString();
    if ('login' in credentials) url.search = form;
    const answer = await ('token' in credentials
      ? this.#send('POST', url, credentials, form)
      : this.#send('GET', url, credentials));
    if (answer.status >= FIRST_ERROR && answer.body.includes('Certificate still active.')) {
      throw new CliError(
        'CLI_WEB_FAILED',
        `The node name "${title}" is already in use. Please change the name, or revoke the active certificate if you want to replace the node.`,
      );
    }
    if (answer.status >= FIRST_ERROR && 'login' in credentials && answer.body.includes('NotImplementedError')) {
      throw new CliError(
        'CLI_WEB_FAILED',
        'This SlapOS server does not support login/password authentication. Please use the token.',
      );
    }
    const remedy =
      'token' in credentials
        ? 'Please check the authentication token or require a new one.'
        : 'Please check username and password.';
    return this.#issued(url, answer, remedy);
  }

  /**
   * Asks for a certificate of the user.
   * Wire: POST `Person_getCertificate`.
   * @throws CliError `CLI_WEB_FAILED`
   */
  async getCertificate(token: string): Promise<IssuedCertificate> {
    const url = new URL('Person_getCertificate', this.#base);
    const answer = await this.#send('POST', url, { token }, '');
    return this.#issued(url, answer, 'Please check the authentication token or require a new one.');
  }

  #issued(url: URL, { status, body }: Answer, remedy: string): IssuedCertificate {
    const where = `${url.origin}${url.pathname}`;
    if (status === FORBIDDEN) throw new CliError('CLI_WEB_FAILED', `Access denied to the SlapOS Master. ${remedy}`);
    if (status < OK || status >= FIRST_ERROR) {
      throw new CliError('CLI_WEB_FAILED', `${where} answered with status ${status}.`, {
        hint: 'Check --master-url-web: it must be the web interface itself, without a redirection.',
      });
    }
    try {
      return issuedSchema.parse(JSON.parse(body));
    } catch (cause) {
      throw new CliError('CLI_WEB_FAILED', `${where} answered with something else than a certificate and its key.`, {
        hint: 'Check --master-url-web.',
        cause,
      });
    }
  }

  async #send(method: 'GET' | 'POST', url: URL, credentials: Credentials | undefined, body?: string): Promise<Answer> {
    const isSecure = url.protocol === 'https:';
    try {
      const socket = isSecure ? await this.#connect(url) : undefined;
      return await new Promise<Answer>((resolve, reject) => {
        const request = (isSecure ? https : http).request(
          url,
          {
            method,
            timeout: TIMEOUT_MS,
            signal: this.#signal,
            headers: {
              Accept: 'application/json',
              ...(credentials !== undefined && 'token' in credentials ? { 'X-Access-Token': credentials.token } : {}),
              ...(body === undefined ? {} : { 'Content-Type': FORM, 'Content-Length': Buffer.byteLength(body) }),
            },
            ...(credentials !== undefined && 'login' in credentials
              ? { auth: `${credentials.login}:${credentials.password}` }
              : {}),
            // An agent would make a connection of its own.
            ...(socket === undefined ? { agent: false } : { createConnection: () => socket }),
          },
          (answer) => {
            text(answer).then((content) => {
              resolve({ status: answer.statusCode ?? 0, body: content });
            }, reject);
          },
        );
        request.once('error', reject);
        request.once('timeout', () => request.destroy(new Error('no answer in time')));
        request.end(body);
      });
    } catch (cause) {
      this.#signal.throwIfAborted();
      if (cause instanceof CliError) throw cause;
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new CliError('CLI_WEB_FAILED', `Cannot reach ${url.origin}: ${why}`, {
        hint: 'Check --master-url-web and the network.',
        cause,
      });
    }
  }

  /** A connection whose other end was checked: nothing is sent to anybody else. */
  async #connect(url: URL): Promise<tls.TLSSocket> {
    const { 'tls-ca': caFile, 'tls-fingerprint': fingerprint, insecure } = this.#flags;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const ca = caFile === undefined ? [] : [await readAuthority(caFile)];
    const socket = tls.connect({
      host,
      port: Number(url.port === '' ? '443' : url.port),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      ca: [...tls.rootCertificates, ...ca],
      minVersion: 'TLSv1.2',
      // What it shows is looked at below, before anything is sent: then its fingerprint can be told.
      rejectUnauthorized: false,
      signal: this.#signal,
      ALPNProtocols: ['http/1.1'],
    } as tls.ConnectionOptions);
    await new Promise<void>((resolve, reject) => {
      socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')));
      socket.once('error', reject);
      socket.once('secureConnect', resolve);
    });
    const shown = socket.getPeerCertificate().fingerprint256;
    const isTrusted =
      fingerprint === undefined ? socket.authorized : bareFingerprint(fingerprint) === bareFingerprint(shown);
    if (isTrusted) return socket;
    if (insecure) {
      this.#logger.warn(`The certificate of ${url.host} is not verified (--insecure).`);
      return socket;
    }
    // Node gives an error with a code, whatever the types say.
    const why = fingerprint === undefined ? String(socket.authorizationError) : 'it has another fingerprint';
    socket.destroy();
    throw new CliError(
      'CLI_WEB_FAILED',
      `The certificate of ${url.host} cannot be trusted: ${why}. Nothing was sent.`,
      {
        hint: `Its SHA-256 fingerprint is ${shown}. If that is right, give it with --tls-fingerprint; or the authority with --tls-ca FILE.`,
      },
    );
  }
}

async function readAuthority(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new CliError('CLI_USAGE', `argument --tls-ca: cannot read ${file}`, { cause });
  });
}

function bareFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').trim().toLowerCase();
}
