/** A value of a template's variable; an undefined one is left out. */
export type TemplateValue = string | number | readonly string[] | undefined;

/**
 * Expands the URI templates that masters use: `{name}`, `{?a,b*}`, `{&a,b*}` (RFC 6570). A list in a variable that is not
 * exploded (`*`) is joined with commas.
 */
export function expandTemplate(template: string, values: Readonly<Record<string, TemplateValue>>): string {
  return template.replace(/\{([?&]?)([A-Za-z0-9_.,*]{1,1000})\}/g, (_whole, operator: string, list: string) => {
    const parts = list.split(',').flatMap((variable) => expandVariable(variable, operator !== '', values));
    if (parts.length === 0) return '';
    return operator === '' ? parts.join(',') : `${operator}${parts.join('&')}`;
  });
}

function expandVariable(variable: string, isNamed: boolean, values: Readonly<Record<string, TemplateValue>>): string[] {
  const isExploded = variable.endsWith('*');
  const name = isExploded ? variable.slice(0, -1) : variable;
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined) return [];
  const items = (typeof value === 'object' ? [...value] : [String(value)]).map(encodeReserved);
  if (typeof value === 'object' && items.length === 0) return [];
  const prefix = isNamed ? `${name}=` : '';
  return isExploded ? items.map((item) => prefix + item) : [prefix + items.join(',')];
}

/** Percent-encodes everything but letters, digits and `-._~`. */
function encodeReserved(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
