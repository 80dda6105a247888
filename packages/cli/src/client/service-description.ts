import type { SingleResult } from '../output/render-result.js';
import type { KnownInstance } from './known-instance.js';
import { serviceStatus } from './service-status.js';

const WIDTH = 13;
const INDENT = '  ';

/** An instance for one screen, and for programs (spec: ux-ideas §18). */
export function describeService(reference: string, { information, document }: KnownInstance): SingleResult {
  const connection = decodedDocument(information.connectionParameters);
  const news: readonly unknown[] = Array.isArray(information.news) ? information.news : [];
  const content = {
    reference,
    softwareUrl: information.softwareReleaseUrl ?? null,
    softwareType: information.softwareType ?? null,
    shared: information.isShared,
    requestedState: information.requestedState ?? null,
    status: serviceStatus(information.news),
    parameters: document,
    connection,
    news,
  };
  return { kind: 'Service', content, text: () => screen(content) };
}

function screen(content: {
  readonly reference: string;
  readonly softwareUrl: string | null;
  readonly softwareType: string | null;
  readonly shared: boolean;
  readonly requestedState: string | null;
  readonly status: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly connection: Readonly<Record<string, unknown>>;
  readonly news: readonly unknown[];
}): string {
  const row = (name: string, value: string): string => `${name.padEnd(WIDTH)}${value}`;
  return [
    row('Name', `${content.reference}${content.shared ? ' (shared)' : ''}`),
    row('State', `${content.requestedState ?? 'unknown'} (requested)`),
    row('Status', content.status === 'unsupported' ? 'unknown: the master keeps no news' : content.status),
    row('Software', content.softwareUrl ?? 'unknown'),
    row('Type', content.softwareType ?? 'default'),
    'Parameters',
    ...entries(content.parameters),
    'Connection',
    ...entries(content.connection),
    ...(content.news.length === 0 ? [] : ['News', ...content.news.map((entry) => `${INDENT}${newsText(entry)}`)]),
  ].join('\n');
}

function entries(record: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(record);
  if (names.length === 0) return [`${INDENT}none`];
  const width = Math.max(...names.map((name) => name.length + 1));
  const hanging = `\n${INDENT}${' '.repeat(width + 1)}`;
  return names.map((name) => {
    const value = record[name];
    const text = typeof value === 'string' ? value : JSON.stringify(value ?? null);
    return `${INDENT}${`${name}:`.padEnd(width)} ${text.replaceAll('\n', hanging)}`;
  });
}

function newsText(entry: unknown): string {
  if (typeof entry !== 'object' || entry === null) return JSON.stringify(entry);
  const { text, created_at: at } = entry as Readonly<Record<string, unknown>>;
  if (typeof text !== 'string') return JSON.stringify(entry);
  return typeof at === 'string' ? `${at}  ${text}` : text;
}

/** What a release published as JSON in `_` is shown as what it is; the text stays when it is no JSON object. */
export function decodedDocument(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const json = parameters['_'];
  if (typeof json !== 'string') return parameters;
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : parameters;
  } catch {
    return parameters;
  }
}
