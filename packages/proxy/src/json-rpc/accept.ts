/** Whether a client that sends this `Accept` header takes JSON. Without the header, or with an empty one, everything is taken. */
export function acceptsJson(accept: string | null): boolean {
  if (accept === null || accept.trim() === '') return true;
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const isRefused = parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter));
    return !isRefused && (type === '*/*' || type === 'application/*' || type === 'application/json');
  });
}

/** Whether a body of this `Content-Type` is JSON: `application/json`, or any type that ends in `+json`. */
export function isJsonType(contentType: string | null): boolean {
  const type = (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return type === 'application/json' || /^[^/]+\/[^/]+\+json$/.test(type);
}
