import { readFile } from 'node:fs/promises';
import { StandaloneError } from '../errors.js';

const TIMEOUT_MS = 60_000;
const SHOWN_ANSWER = 200;

/** A server of OWASP Dependency-Track, and the project there that documents are for. */
export interface DependencyTrack {
  readonly url: string;
  readonly apiKey: string;
  readonly projectId: string;
}

/**
 * Sends a bill of materials: `PUT URL/api/v1/bom` with the document in base64 (spec: standalone §6.1).
 * @throws StandaloneError `STANDALONE_BILL_REFUSED` (retryable when the server cannot be reached); it never holds the key
 */
export async function sendSoftwareBill(file: string, { url, apiKey, projectId }: DependencyTrack): Promise<void> {
  const target = `${url.replace(/\/+$/, '')}/api/v1/bom`;
  const refuse = (why: string, retryable: boolean, cause?: unknown): StandaloneError =>
    new StandaloneError('STANDALONE_BILL_REFUSED', `${target} does not take ${file}: ${why}`, {
      hint: 'Check SLAPOS_SR_SBOM_DEPENDENCY_TRACK_URL, …_API_KEY and …_PROJECT_ID; the key needs the permission BOM_UPLOAD.',
      retryable,
      cause,
    });
  const body = JSON.stringify({ project: projectId, bom: (await readFile(file)).toString('base64') });
  let response: Response;
  try {
    response = await fetch(target, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'x-api-key': apiKey },
      body,
      // The key must not follow to another host.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (cause) {
    const { cause: reason = cause } = cause instanceof Error ? cause : {};
    throw refuse(reason instanceof Error ? reason.message : String(reason), true, cause);
  }
  if (response.ok) return;
  const text = await response.text().catch(() => '');
  throw refuse(`status ${response.status} ${text.slice(0, SHOWN_ANSWER)}`.trim(), response.status >= 500);
}
