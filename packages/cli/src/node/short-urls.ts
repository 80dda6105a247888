const ELLIPSIS = '…';
/** What people know a release by: the folder of its profile, and the file. */
const KEPT_SEGMENTS = 2;

/** Shortens URLs for a list, `https://…/kvm/software.cfg`, where no two of them become the same. */
export function shortUrls(urls: readonly string[]): (url: string) => string {
  const owners = new Map<string, Set<string>>();
  for (const url of urls) {
    const short = shorten(url);
    owners.set(short, (owners.get(short) ?? new Set()).add(url));
  }
  return (url) => {
    const short = shorten(url);
    return (owners.get(short)?.size ?? 0) > 1 ? url : short;
  };
}

function shorten(url: string): string {
  const [, scheme, rest] = /^([a-z][a-z0-9+.-]*:\/\/)(.+)$/iu.exec(url) ?? [];
  if (scheme === undefined || rest === undefined) return url;
  const segments = rest.split('/');
  return segments.length <= KEPT_SEGMENTS + 1
    ? url
    : `${scheme}${ELLIPSIS}/${segments.slice(-KEPT_SEGMENTS).join('/')}`;
}
