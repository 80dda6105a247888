import { useEffect, useState } from 'preact/hooks';

/** Which page is shown: what stands behind the `#` of the address. */
export interface Route {
  /** `instances`, `instance`, … */
  readonly page: string;
  /** What the page is about, decoded; `''` for pages about nothing in particular. */
  readonly subject: string;
  readonly query: URLSearchParams;
}

/** The address of a page. */
export function linkTo(page: string, subject = '', query: Readonly<Record<string, string>> = {}): string {
  const text = new URLSearchParams(query).toString();
  return `#/${page}${subject === '' ? '' : `/${encodeURIComponent(subject)}`}${text === '' ? '' : `?${text}`}`;
}

/** Goes to a page. */
export function goTo(link: string): void {
  location.hash = link;
}

/** The page that is shown now. */
export function useRoute(): Route {
  const [route, setRoute] = useState(readRoute);
  useEffect(() => {
    const follow = () => setRoute(readRoute());
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return route;
}

function readRoute(): Route {
  const [path = '', query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  const [page = '', subject = ''] = path.split('/');
  return { page: page === '' ? 'instances' : page, subject: decoded(subject), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Somebody typed it.
  }
}
