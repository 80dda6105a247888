/** Where clients reach the proxy, as far as a request tells (spec: proxy §2). */
export interface OwnUrl {
  readonly scheme: string;
  /** Host and port as the client wrote them. */
  readonly host: string;
  /** Path before ours, `''` or like `/prefix`. */
  readonly prefix: string;
  /** `scheme://host/prefix`, without a slash at the end. */
  readonly root: string;
}

/** Reads it from a request. Headers of a front end count only when they are trusted: anybody can send them. */
export function ownUrl(request: Request, options: { readonly trustForwardedHeaders: boolean }): OwnUrl {
  const url = new URL(request.url);
  const forwarded = (name: string) => (options.trustForwardedHeaders ? lastOf(request.headers.get(name)) : undefined);
  const scheme = forwarded('x-forwarded-proto') === 'https' ? 'https' : url.protocol.slice(0, -1);
  const prefix = cleanPrefix(forwarded('x-forwarded-prefix') ?? '');
  const host = request.headers.get('host') ?? url.host;
  return { scheme, host, prefix, root: `${scheme}://${host}${prefix}` };
}

/** One hop: the last value is what the front end next to us wrote. */
function lastOf(header: string | null): string | undefined {
  return header?.split(',').at(-1)?.trim();
}

function cleanPrefix(prefix: string): string {
  return /^(\/[\w.~%-]+)+\/?$/.test(prefix) ? prefix.replace(/\/$/, '') : '';
}
