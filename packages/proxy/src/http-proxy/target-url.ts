import { ProxyError } from '../errors.js';

const PREFIX = '/http_proxy/';

/**
 * The URL that a request to `/http_proxy/SCHEME/NETLOC[/PATH][?QUERY]` is about (spec: proxy §9).
 * @param written the URL of the request, as the client wrote it
 * @throws ProxyError `PROXY_INVALID_REQUEST`
 */
export function targetUrl(written: string): URL {
  const rest = written.slice(written.indexOf(PREFIX) + PREFIX.length);
  const [, scheme = '', netloc = '', path = ''] = /^([^/?#]*)\/([^/?#]*)([^#]*)/.exec(rest) ?? [];
  if (scheme !== 'http' && scheme !== 'https')
    throw new ProxyError('PROXY_INVALID_REQUEST', '"url" must be http', { hint: 'The scheme is http or https.' });
  // Brackets of IPv6 addresses are written as %5B and %5D.
  const host = decoded(netloc);
  const text = `${scheme}://${host}${path.replace(/^\/{2,}/, '/')}`;
  if (host === '' || /[@\s\\]/.test(host) || !URL.canParse(text))
    throw new ProxyError('PROXY_INVALID_REQUEST', `${JSON.stringify(host)} is no host`, {
      hint: 'Write /http_proxy/SCHEME/HOST:PORT/PATH.',
    });
  return new URL(text);
}

/** Where clients of the proxy find a URL. @param root of the proxy, without a slash at its end */
export function relayedUrl(url: URL, root: string): string {
  return relayOf(root, url.protocol.slice(0, -1), url.host, `${url.pathname}${url.search}${url.hash}`);
}

/** Where clients of the proxy find a URL, given in its parts as somebody wrote them. */
export function relayOf(root: string, scheme: string, netloc: string, rest: string): string {
  return `${root}${PREFIX}${scheme}/${netloc.replaceAll('[', '%5B').replaceAll(']', '%5D')}${rest}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
