import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

import type { AllowedTargets } from './allowed-targets.js';
import { askTarget, type Question } from './ask-target.js';

const MOST_REDIRECTS = 30;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The target leads on and on. */
export class TooManyRedirects extends Error {}

/**
 * Asks a target, and those that it leads to; each of them is checked like the first. Cookies that are set on the way go back to who set
 * them, and credentials to nobody but the first host.
 */
export async function askFollowing(question: Question, allowed: AllowedTargets): Promise<IncomingMessage> {
  const cookies = new Map<string, Map<string, string>>();
  let { url, headers, body } = question;
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
    const answer = await askTarget(
      { ...question, url, headers: withCookies(headers, cookies.get(url.host)), body },
      allowed,
    );
    const next = nextUrl(answer, url);
    if (next === undefined) return answer;
    answer.destroy();
    remember(cookies, url.host, answer.headers['set-cookie'] ?? []);
    if (next.host !== url.host) {
      const { authorization: _secret, ...others } = headers;
      headers = others;
    }
    // A body can be sent once only.
    body = undefined;
    url = next;
  }
  throw new TooManyRedirects(`${question.url.href} leads on and on`);
}

function nextUrl({ statusCode = 0, headers: { location } }: IncomingMessage, from: URL): URL | undefined {
  if (!REDIRECTS.has(statusCode) || location === undefined || !URL.canParse(location, from.href)) return undefined;
  const next = new URL(location, from);
  return next.protocol === 'http:' || next.protocol === 'https:' ? next : undefined;
}

function remember(cookies: Map<string, Map<string, string>>, host: string, lines: readonly string[]): void {
  const jar = cookies.get(host) ?? new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^\s*([^=;\s]+)=([^;]*)/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) jar.set(name, value.trim());
  }
  cookies.set(host, jar);
}

function withCookies(headers: OutgoingHttpHeaders, jar: ReadonlyMap<string, string> | undefined): OutgoingHttpHeaders {
  if (jar === undefined || jar.size === 0) return headers;
  return { ...headers, cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') };
}
