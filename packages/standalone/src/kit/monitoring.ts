import { StandaloneError } from '../errors.js';
import type { StandaloneNode } from '../node/standalone-node.js';

const FEED = '/share/public/feed';
const PRIVATE = '/share/private/';
const INTERFACE = 'monitor-interface-url';
const SETUP = 'monitor-setup-url';
const TITLE = /<title>\s*(?:<!\[CDATA\[)?\s*\[(OK|ERROR)\] ([^<\]]+?)\s*(?:\]\]>)?\s*<\/title>/g;
const DEFAULT_MONITOR_USER = 'admin';

/** How pages are fetched; give one that knows your authorities when the monitor has a certificate of its own. */
export type Fetch = (
  url: string,
  init?: { readonly headers?: Record<string, string>; readonly signal?: AbortSignal },
) => Promise<Response>;

/** The state of each promise in the feed of a monitor. @throws what `fetch` throws; Error for a status that is no success */
export async function readMonitorFeed(
  monitorBaseUrl: string,
  fetchPage: Fetch = fetch,
): Promise<Map<string, 'OK' | 'ERROR'>> {
  const url = `${monitorBaseUrl.replace(/\/$/, '')}${FEED}`;
  const answer = await fetchPage(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const states = new Map<string, 'OK' | 'ERROR'>();
  for (const [, state, name = ''] of (await answer.text()).matchAll(TITLE)) states.set(name, state as 'OK' | 'ERROR');
  return states;
}

/**
 * Whether the private pages of a monitor let in who has the password of its set-up URL.
 * @param monitorSetupUrl as an instance publishes it: `…#page=…&username=…&password=…`
 */
export async function isPrivateMonitorReady(
  monitorBaseUrl: string,
  monitorSetupUrl: string,
  fetchPage: Fetch = fetch,
): Promise<boolean> {
  const word = (name: string): string | undefined => {
    const [, value] = new RegExp(`[?&#]${name}=([^&]*)`).exec(monitorSetupUrl) ?? [];
    return value === undefined ? undefined : decodeURIComponent(value);
  };
  const credentials = `${word('username') ?? DEFAULT_MONITOR_USER}:${word('password') ?? ''}`;
  const headers = { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
  return (await fetchPage(`${monitorBaseUrl.replace(/\/$/, '')}${PRIVATE}`, { headers })).ok;
}

/**
 * Checks that the address of the monitor's interface has reached every instance of a node that takes it, and stands in every set-up URL
 * that they publish (spec: standalone §6.4). Request the root instance with the parameter `monitor-interface-url` first.
 * @throws StandaloneError `STANDALONE_NOT_PROPAGATED` that names each partition which has another one
 */
export async function assertMonitorPropagation(node: StandaloneNode, monitorInterfaceUrl: string): Promise<void> {
  const { partitions } = await node.computer.fetchInformation();
  const wrong: string[] = [];
  let count = 0;
  for (const { partitionId, instanceParameters, connectionParameters } of partitions) {
    const given = textOf(unwrapped(instanceParameters)[INTERFACE]);
    const setup = textOf(unwrapped(connectionParameters)[SETUP]);
    if (given !== undefined || setup !== undefined) count += 1;
    if (given !== undefined && given !== monitorInterfaceUrl) wrong.push(`${partitionId}: ${INTERFACE} is ${given}`);
    if (setup !== undefined && !setup.includes(monitorInterfaceUrl)) wrong.push(`${partitionId}: ${SETUP} is ${setup}`);
  }
  if (count === 0) wrong.push(`no instance has ${INTERFACE} or publishes ${SETUP}`);
  if (wrong.length === 0) return;
  throw new StandaloneError(
    'STANDALONE_NOT_PROPAGATED',
    `${monitorInterfaceUrl} has not reached everybody:\n${wrong.join('\n')}`,
  );
}

function textOf(value: unknown): string | undefined {
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

/** The parameters in the JSON of `_`, if that is all. */
function unwrapped(parameters: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { _: json, ...others } = parameters;
  if (Object.keys(others).length > 0) return parameters;
  const value: unknown = typeof json === 'string' ? JSON.parse(json) : json;
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : parameters;
}
