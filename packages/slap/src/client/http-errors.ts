import { SlapError } from '../errors.js';
import type { HttpAnswer } from './http-transport.js';

const TLS_CODES: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EPROTO',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const TLS_HINT =
  'Check the certificate of the master. For a private authority give its file as master_ca_file; the clock must be right.';
const CONNECTION_HINT =
  'Check the URL of the master (IPv6 wants brackets), the network and the name server, and that the master is running.';

const CERTIFICATE_HINT = 'It may want a client certificate (cert_file, key_file).';

/** The code of an error or of one of its causes. */
function codeOf(error: unknown, depth = 0): { code: string; message: string } {
  if (typeof error !== 'object' || error === null || depth > 5) return { code: '', message: String(error) };
  const { code, message, cause, errors } = error as {
    code?: unknown;
    message?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  if (typeof code === 'string') return { code, message: typeof message === 'string' ? message : code };
  if (cause !== undefined) return codeOf(cause, depth + 1);
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0], depth + 1);
  return { code: '', message: typeof message === 'string' ? message : '' };
}

function isTlsFailure(code: string): boolean {
  return (
    TLS_CODES.has(code) || code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('ERR_OSSL_')
  );
}

/** What is shown of a call: no credentials, no query. */
function shown(method: string, url: URL): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** The error for a call that got no (whole) answer. */
export function connectionError(
  method: string,
  url: URL,
  error: unknown,
  options: { readonly isDeadline: boolean; readonly timeoutMs: number },
): SlapError {
  if (error instanceof SlapError) return error;
  const { code, message } = codeOf(error);
  const call = shown(method, url);
  if (options.isDeadline) {
    const text = `The master did not finish answering ${call} within ${options.timeoutMs} ms.`;
    return new SlapError('SLAP_CONNECTION_FAILED', text, { retryable: true, hint: CONNECTION_HINT, cause: error });
  }
  if (isTlsFailure(code)) {
    const text = `No trusted connection to the master for ${call}: ${message} (${code}).`;
    return new SlapError('SLAP_TLS_FAILED', text, { hint: TLS_HINT, cause: error });
  }
  if (code === 'SLAP_ANSWER_TOO_LONG' || code === 'ERR_BUFFER_TOO_LARGE') {
    return new SlapError('SLAP_INVALID_DOCUMENT', `The answer of the master to ${call} is longer than the limit.`, {
      cause: error,
    });
  }
  // Node.js says the code in most of its messages.
  const detail = [message, message.includes(code) ? '' : code].filter((part) => part !== '').join(', ');
  return new SlapError('SLAP_CONNECTION_FAILED', `Cannot reach the master for ${call}: ${detail}.`, {
    retryable: true,
    // With TLS 1.3 a server that misses a client certificate closes the connection after the handshake.
    hint:
      code === 'UND_ERR_SOCKET' && url.protocol === 'https:'
        ? `${CONNECTION_HINT} ${CERTIFICATE_HINT}`
        : CONNECTION_HINT,
    cause: error,
  });
}

const LONGEST_EXCERPT = 200;

/** The first words of an answer, when it is text that a person may read. */
function excerpt(answer: HttpAnswer): string {
  const text = answer.text().trim();
  if (text === '' || text.length > 20_000) return '';
  const readable = text.startsWith('<') ? (/<p>([^<]{1,400})<\/p>/.exec(text)?.[1] ?? '') : text;
  // Control characters must not reach a terminal or a log.
  const oneLine = readable.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim();
  if (oneLine === '') return '';
  return `: ${oneLine.length > LONGEST_EXCERPT ? `${oneLine.slice(0, LONGEST_EXCERPT)}…` : oneLine}`;
}

/** The error for an answer whose status says that the call failed; undefined when it succeeded (spec: slap-client §2). */
export function statusError(method: string, url: URL, answer: HttpAnswer): SlapError | undefined {
  const { status } = answer;
  if (status >= 200 && status < 300) return undefined;
  const call = shown(method, url);
  const said = excerpt(answer);
  switch (status) {
    case 404:
      return new SlapError('SLAP_NOT_FOUND', `The master does not know what ${call} asks for${said}`, { status });
    case 408:
      return new SlapError('SLAP_NOT_READY', `The master is still working on ${call}${said}`, {
        status,
        retryable: true,
        hint: 'Ask again in a minute.',
      });
    case 401:
    case 403:
      return new SlapError('SLAP_AUTHENTICATION', `The master refused ${call} (${status})${said}`, {
        status,
        hint: 'Check the client certificate (cert_file, key_file) and what it may do.',
      });
    default:
      return new SlapError('SLAP_HTTP_ERROR', `The master answered ${call} with status ${status}${said}`, {
        status,
        retryable: status >= 500,
      });
  }
}
