/**
 * A copy of plain data whose texts are its own: texts that were cut out of a document keep all of it in memory, and the same text is in it
 * once for each partition.
 */
export function detached<Value>(value: Value): Value {
  const texts = new Map<string, string>();
  const copy = (item: unknown): unknown => {
    if (typeof item === 'string') return ownText(item, texts);
    if (Array.isArray(item)) return item.map(copy);
    if (item instanceof Map) return new Map([...item].map(([key, entry]) => [copy(key), copy(entry)]));
    if (!isPlainObject(item)) return item;
    const result = Object.create(Object.getPrototypeOf(item) as object | null) as Record<string, unknown>;
    for (const [key, entry] of Object.entries(item)) {
      // A parameter may be called __proto__.
      if (key === '__proto__') Object.defineProperty(result, key, { value: copy(entry), enumerable: true });
      else result[key] = copy(entry);
    }
    return result;
  };
  return copy(value) as Value;
}

function ownText(text: string, texts: Map<string, string>): string {
  const known = texts.get(text);
  if (known !== undefined) return known;
  // Joining makes a new text, and cutting writes it down.
  const own = `${text} `.slice(0, -1);
  texts.set(own, own);
  return own;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
