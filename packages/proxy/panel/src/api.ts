import type {
  PanelCheck,
  PanelEventPage,
  PanelOverview,
  PanelReports,
  PanelSchema,
} from '../../src/panel/panel-documents.js';

const TOKEN_KEY = 'slapos-token';
/** Where the master is: one above the panel, also behind a front end that serves it below some path. */
const ROOT = new URL('..', document.baseURI);

/** The master did not do what was asked. */
export class CallError extends Error {
  /** Of the HTTP answer; 0 when there was none. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** An instance as the JSON-RPC API shows it. */
export interface InstanceDetail {
  readonly title: string;
  readonly instance_guid: string;
  readonly software_release_uri: string;
  readonly software_type: string;
  readonly state: 'started' | 'stopped' | 'destroyed';
  readonly connection_parameters: Readonly<Record<string, unknown>>;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly shared: boolean;
  readonly root_instance_title: string;
  readonly ip_list: readonly (readonly [name: string, address: string])[];
  readonly computer_guid: string;
  readonly compute_partition_id: string;
}

/** What is asked for. */
export interface InstanceWish {
  readonly title: string;
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly isShared: boolean;
  readonly state: 'started' | 'stopped' | 'destroyed';
  /** In the form in which they are sent. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Absent: the computer that requests without a wish get. */
  readonly computerId?: string | undefined;
  /** Of the host of a shared instance. */
  readonly partitionId?: string | undefined;
}

/** The token of the user for this tab, where the master asks for one. */
export function keepToken(token: string): void {
  if (token === '') sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, token);
}

/** Whether a token is kept. */
export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

/** @throws CallError when the master does not answer with success */
export async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token !== null) headers.set('authorization', `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(new URL(path, ROOT), { ...init, headers });
  } catch (cause) {
    if (init.signal?.aborted === true) throw cause;
    throw new CallError(0, 'The master does not answer.');
  }
  if (response.ok) return response;
  throw new CallError(response.status, await problemOf(response));
}

/** Errors are JSON with a title or, for other APIs, small HTML pages; both are read as text. */
async function problemOf(response: Response): Promise<string> {
  const text = await response.text();
  if (response.headers.get('content-type')?.startsWith('application/json') === true) {
    const { title } = JSON.parse(text) as { title?: string };
    return title ?? text;
  }
  // A document of its own: nothing in it is loaded or run.
  const page = new DOMParser().parseFromString(text, 'text/html');
  const sentences = [...page.querySelectorAll('p')].map(({ textContent }) => textContent);
  return sentences.length === 0 ? `The master answered ${response.status}.` : sentences.join(' ');
}

async function get(path: string, query: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const text = new URLSearchParams(query).toString();
  return (await call(text === '' ? path : `${path}?${text}`)).json();
}

async function post(path: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  return (await call(path, { method: 'POST', headers, body: JSON.stringify(body) })).json();
}

/** All that may be seen. */
export async function fetchOverview(): Promise<PanelOverview> {
  return (await get('panel/data/overview')) as PanelOverview;
}

/** The newest events up to one, the oldest first. */
export async function fetchEvents(
  filter: Readonly<Record<string, string>>,
  upTo: number,
  count: number,
): Promise<PanelEventPage['events']> {
  const query = { ...filter, after: String(Math.max(0, upTo - count)), limit: String(count) };
  const { events } = (await get('events', query)) as PanelEventPage;
  return events.filter(({ id }) => id <= upTo);
}

/** What is known of one instance. */
export async function fetchInstance(guid: string): Promise<InstanceDetail> {
  return (await post('slapos.get.v0.software_instance', { instance_guid: guid })) as InstanceDetail;
}

/** What the node said about a partition. */
export async function fetchReports(computerId: string, partitionId: string): Promise<PanelReports['reports']> {
  const query = { computer_id: computerId, computer_partition_id: partitionId };
  return ((await get('panel/data/reports', query)) as PanelReports).reports;
}

/** What a Software Release says of the parameters of a type. */
export async function fetchSchema(url: string, type: string, isShared: boolean): Promise<PanelSchema> {
  const query = { software_release_url: url, software_type: type, shared: String(isShared) };
  return (await get('panel/data/schema', query)) as PanelSchema;
}

/** Whether parameters are right, and how they are sent. */
export async function checkParameters(question: {
  readonly softwareReleaseUrl: string;
  readonly softwareType: string;
  readonly isShared: boolean;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly serialisation: PanelSchema['serialisation'];
}): Promise<PanelCheck> {
  return (await post('panel/data/check', question)) as PanelCheck;
}

/** Requests an instance, or changes one. Its guid; `undefined` while another master has not allocated it. */
export async function requestInstance(wish: InstanceWish): Promise<string | undefined> {
  const answer = (await post('slapos.post.v0.software_instance', {
    title: wish.title,
    software_release_uri: wish.softwareReleaseUrl,
    software_type: wish.softwareType,
    shared: wish.isShared,
    state: wish.state,
    parameters: wish.parameters,
    sla_parameters: {
      ...(wish.computerId === undefined ? {} : { computer_guid: wish.computerId }),
      ...(wish.partitionId === undefined ? {} : { instance_guid: wish.partitionId }),
    },
  })) as { instance_guid?: string };
  return answer.instance_guid;
}

/** Says that a computer shall have a Software Release, or no longer. */
export async function supplySoftware(url: string, computerId: string, state: 'available' | 'destroyed'): Promise<void> {
  await post('slapos.post.v0.software_installation', { software_release_uri: url, computer_guid: computerId, state });
}
