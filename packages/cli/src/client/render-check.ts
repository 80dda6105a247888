import type { ParameterCheck, SoftwareReleaseSchema } from '@slapos/slap';
import { isDeepStrictEqual } from 'node:util';

/** What `slapos request --check` shows. */
export interface RequestCheck {
  readonly reference: string;
  readonly schema: SoftwareReleaseSchema;
  readonly serialisation: string;
  readonly filter: Readonly<Record<string, string>>;
  /** What would be sent, not serialised. */
  readonly document: Readonly<Record<string, unknown>>;
  /** What the instance has; `undefined` when there is none, or nobody knows. */
  readonly current: Readonly<Record<string, unknown>> | undefined;
  readonly outcome: ParameterCheck['outcome'];
}

/** What would be sent: each parameter, what it is now if it changes, and the defaults of the schema (spec: ux-ideas §12). */
export async function renderRequestCheck(check: RequestCheck): Promise<string> {
  const { reference, schema, serialisation, filter, document, current, outcome } = check;
  const place = Object.entries(filter).map(([key, value]) => `${key}=${value}`);
  const defaults = await defaultsOf(schema);
  const names = [...new Set([...Object.keys(document), ...Object.keys(current ?? {}), ...Object.keys(defaults)])];
  const width = Math.max(0, ...names.map((name) => name.length + 1));
  const url = await schema.getInstanceRequestParameterSchemaUrl();
  return [
    `would request ${reference} (type ${schema.softwareType}, ${serialisation}) on ${place.length === 0 ? 'any node' : place.join(', ')}`,
    ...names.map((name) => `  ${`${name}:`.padEnd(width)} ${change(name, { document, current, defaults })}`),
    outcome === 'unchecked'
      ? 'parameters are not checked: there is no schema for them'
      : `parameters are ${outcome === 'valid' ? 'valid' : 'NOT valid'} against ${url ?? ''}`,
  ].join('\n');
}

function change(
  name: string,
  from: {
    readonly document: Readonly<Record<string, unknown>>;
    readonly current: Readonly<Record<string, unknown>> | undefined;
    readonly defaults: Readonly<Record<string, unknown>>;
  },
): string {
  const has = (record: Readonly<Record<string, unknown>> | undefined): boolean =>
    record !== undefined && Object.hasOwn(record, name);
  const before = from.current?.[name];
  if (!has(from.document)) {
    const fallback = has(from.defaults) ? `${shown(from.defaults[name])} (default)` : '(removed)';
    return has(from.current) ? `${shown(before)} → ${fallback}` : fallback;
  }
  const value = from.document[name];
  return has(from.current) && !isDeepStrictEqual(before, value) ? `${shown(before)} → ${shown(value)}` : shown(value);
}

async function defaultsOf(schema: SoftwareReleaseSchema): Promise<Record<string, unknown>> {
  const properties: unknown = (await schema.getInstanceRequestParameterSchema())?.['properties'];
  if (typeof properties !== 'object' || properties === null) return {};
  return Object.fromEntries(
    Object.entries(properties as Record<string, unknown>).flatMap(([name, property]) =>
      typeof property === 'object' && property !== null && 'default' in property ? [[name, property.default]] : [],
    ),
  );
}

function shown(value: unknown): string {
  return typeof value === 'string' && value !== '' && !/\s/.test(value) ? value : JSON.stringify(value);
}
