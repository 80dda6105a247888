import { isIP } from 'node:net';

/**
 * The address that a front end says a request came from (spec: proxy §2); `undefined` when its headers are not trusted, or it does not say.
 */
export function clientAddress(
  request: Request,
  { trustForwardedHeaders }: { readonly trustForwardedHeaders: boolean },
): string | undefined {
  if (!trustForwardedHeaders) return undefined;
  // One hop: the last value is what the front end next to us wrote; all before it can be made up.
  const last = request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  return isIP(last) === 0 ? undefined : last;
}
