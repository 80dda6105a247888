/** The path of a URL, as it was written. */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  if (start === -1) return '/';
  const end = url.slice(start).search(/[?#]/);
  return end === -1 ? url.slice(start) : url.slice(start, start + end);
}

/** The path that is served: clients join a base that ends in a slash with paths that begin with one. */
export function cleanPath(url: string): string {
  return pathOf(url).replace(/^\/{2,}/, '/');
}
