import { ProxyError } from '../errors.js';

/** A search of the hateoas API that can be answered (spec: proxy §7). */
export type HateoasQuery =
  | { readonly portalType: 'Instance Tree'; readonly title: string | undefined }
  | { readonly portalType: 'Compute Node'; readonly reference: string | undefined };

type Token =
  | { readonly type: 'word'; readonly text: string }
  | { readonly type: 'string'; readonly text: string }
  | { readonly type: 'operator'; readonly text: ':' | ':=' };

interface Term {
  readonly field: string;
  readonly operator: ':' | ':=';
  readonly value: string;
  readonly isQuoted: boolean;
}

/**
 * Reads a query: terms `field:value`, `field:"value"` or `field:="value"` joined by ` AND `.
 * Its time is linear in the length of the query.
 * @throws ProxyError `PROXY_INVALID_REQUEST` for one that is malformed, or that we have no answer to.
 */
export function parseHateoasQuery(query: string): HateoasQuery {
  const terms = parseTerms(tokenize(query));
  const [portalType, validation, condition, ...rest] = terms ?? [];
  if (
    portalType === undefined ||
    rest.length > 0 ||
    !isTerm(portalType, 'portal_type', ':', true) ||
    validation === undefined ||
    !isTerm(validation, 'validation_state', ':', false) ||
    validation.value !== 'validated'
  ) {
    throw unhandled(query);
  }
  const valueOf = (field: string) => {
    if (condition === undefined) return undefined;
    if (!isTerm(condition, field, ':=', true)) throw unhandled(query);
    return condition.value;
  };
  switch (portalType.value) {
    case 'Instance Tree':
      return { portalType: 'Instance Tree', title: valueOf('title') };
    case 'Compute Node':
      return { portalType: 'Compute Node', reference: valueOf('reference') };
    default:
      throw unhandled(query);
  }
}

function unhandled(query: string): ProxyError {
  return new ProxyError('PROXY_INVALID_REQUEST', `Unhandled query: ${query}`, {
    hint: 'Search for portal_type:"Instance Tree" or "Compute Node" AND validation_state:validated, and one title or reference.',
  });
}

function isTerm(term: Term, field: string, operator: Term['operator'], isQuoted: boolean): boolean {
  return term.field === field && term.operator === operator && term.isQuoted === isQuoted;
}

function parseTerms(tokens: readonly Token[] | undefined): Term[] | undefined {
  if (tokens === undefined) return undefined;
  const terms: Term[] = [];
  for (let index = 0; index < tokens.length; index += 4) {
    const [field, operator, value, and] = tokens.slice(index, index + 4);
    if (field?.type !== 'word' || operator?.type !== 'operator' || value === undefined || value.type === 'operator')
      return undefined;
    const isLast = index + 3 >= tokens.length;
    if (!isLast && !(and?.type === 'word' && and.text === 'AND' && index + 4 < tokens.length)) return undefined;
    terms.push({ field: field.text, operator: operator.text, value: value.text, isQuoted: value.type === 'string' });
  }
  return terms;
}

/** `undefined` when a quotation does not end, or something follows it without a space. */
function tokenize(query: string): Token[] | undefined {
  const tokens: Token[] = [];
  let position = 0;
  while (position < query.length) {
    const character = query[position];
    if (character === ' ') {
      position += 1;
    } else if (character === '"') {
      const end = query.indexOf('"', position + 1);
      const next = query[end + 1];
      if (end === -1 || (next !== undefined && next !== ' ')) return undefined;
      tokens.push({ type: 'string', text: query.slice(position + 1, end) });
      position = end + 1;
    } else if (character === ':') {
      const text = query[position + 1] === '=' ? ':=' : ':';
      tokens.push({ type: 'operator', text });
      position += text.length;
    } else {
      const end = endOfWord(query, position);
      tokens.push({ type: 'word', text: query.slice(position, end) });
      position = end;
    }
  }
  return tokens;
}

function endOfWord(query: string, start: number): number {
  let end = start;
  while (end < query.length && !' ":'.includes(query[end] ?? ' ')) end += 1;
  return end;
}
