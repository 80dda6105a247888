/** Plain data of the computer document. */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;
export interface JsonObject {
  [key: string]: JsonValue;
}

/**
 * JSON with sorted keys, indented, ASCII only and without a final newline: byte for byte what the reference's `json.dump(sort_keys=True)`
 * writes (spec: format §7).
 */
export function renderSortedJson(value: JsonValue, indent: number): string {
  return JSON.stringify(sortKeys(value), null, indent).replace(/[\u0080-\uffff]/g, escapeUnit);
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

function sortKeys(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  const sorted: JsonObject = {};
  for (const key of Object.keys(value).sort()) sorted[key] = sortKeys(value[key] ?? null);
  return sorted;
}
