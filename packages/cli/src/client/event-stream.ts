import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { SlapError } from '@slapos/slap';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';
import type { MasterAccess } from './session.js';

const RECONNECT_MS = 1_000;
const FIRST_BYTES_MS = 10_000;
/** The master says that it is there every 15 seconds. */
const SILENCE_MS = 45_000;
const MAX_ERROR_BYTES = 4_000;

/** One line of the log of a mini-master; what does not apply is absent. */
export interface MasterEvent {
  readonly id: number;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly kind: string;
  readonly computer?: string;
  readonly partition?: string;
  readonly instance?: string;
  readonly tree?: string;
  readonly softwareRelease?: string;
  readonly state?: string;
  readonly message?: string;
}

/** Which events. */
export interface EventQuery {
  readonly computer?: string | undefined;
  readonly tree?: string | undefined;
  readonly kind?: string | undefined;
}

interface EventPage {
  readonly events: readonly MasterEvent[];
  readonly newest: number;
}

/** Reads the log of what changed at a mini-master, and follows it. */
export class EventClient {
  readonly #access: MasterAccess;
  readonly #log: CommandLog;

  constructor(access: MasterAccess, log: CommandLog) {
    this.#access = access;
    this.#log = log;
  }

  /** The events after one, in their order, at most so many. */
  async page(after: number, limit: number, query: EventQuery, signal: AbortSignal): Promise<EventPage> {
    const response = await this.#open(
      { ...queryFields(query), after: String(after), limit: String(limit) },
      'application/json',
      signal,
    );
    return JSON.parse(await textOf(response)) as EventPage;
  }

  /** The events after one, and then those that happen. Goes on where it was when the connection breaks; ends when `signal` does. */
  async *follow(after: number, query: EventQuery, signal: AbortSignal): AsyncGenerator<MasterEvent, void, undefined> {
    let last = after;
    let isInterrupted = false;
    while (!signal.aborted) {
      try {
        const fields = { ...queryFields(query), after: String(last) };
        const stream = await this.#open(fields, 'text/event-stream', signal);
        if (isInterrupted) this.#log.info('The master is there again');
        isInterrupted = false;
        for await (const event of readStream(stream)) {
          last = event.id;
          if (event.kind === 'lost')
            this.#log.warn(`The master no longer has all events: some before ${last + 1} are missing`);
          else yield event;
        }
      } catch (error) {
        if (error instanceof CliError) throw error;
        if (error instanceof Error && error.name === 'AbortError') return;
        this.#log.debug(`The stream broke: ${error instanceof Error ? error.message : String(error)}`);
      }
      if (!isInterrupted) this.#log.warn('The connection to the master ended; trying again until it is there');
      isInterrupted = true;
      await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @throws CliError `CLI_INPUT` when the master keeps no such log */
  async #open(fields: Readonly<Record<string, string>>, accept: string, signal: AbortSignal): Promise<IncomingMessage> {
    const { masterUrl, keyFile, certFile, masterCaFile, insecure } = this.#access;
    const url = new URL('events', masterUrl.endsWith('/') ? masterUrl : `${masterUrl}/`);
    url.search = new URLSearchParams(fields).toString();
    const read = async (file: string | undefined): Promise<Buffer | undefined> =>
      file === undefined ? undefined : await readFile(file);
    const request =
      url.protocol === 'https:'
        ? httpsGet(url, {
            headers: { accept },
            signal,
            key: await read(keyFile),
            cert: await read(certFile),
            ca: await read(masterCaFile),
            rejectUnauthorized: !insecure,
          })
        : httpGet(url, { headers: { accept }, signal });
    request.setTimeout(accept === 'application/json' ? FIRST_BYTES_MS : SILENCE_MS, () =>
      request.destroy(new Error('the master is silent')),
    );
    const response = await firstAnswer(request, masterUrl);
    if (response.statusCode === 200) return response;
    const body = (await textOf(response)).slice(0, MAX_ERROR_BYTES);
    const said = /<p>(.*?)<\/p>/s.exec(body)?.[1] ?? `status ${response.statusCode ?? 0}`;
    if (response.statusCode === 404) {
      throw new CliError('CLI_INPUT', `The master ${masterUrl} keeps no log of events`, {
        hint: 'Events are told by the mini-master of this package (slapos proxy start).',
      });
    }
    throw new CliError('CLI_INPUT', `The master refused to tell its events: ${said}`);
  }
}

async function firstAnswer(request: ClientRequest, masterUrl: string): Promise<IncomingMessage> {
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return response;
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SlapError('SLAP_CONNECTION_FAILED', `Cannot reach the master ${masterUrl}: ${reason}`, {
      cause,
      retryable: true,
      hint: 'Check master_url, and that the master runs.',
    });
  }
}

function queryFields({ computer, tree, kind }: EventQuery): Record<string, string> {
  return {
    ...(computer === undefined ? {} : { computer_id: computer }),
    ...(tree === undefined ? {} : { tree }),
    ...(kind === undefined ? {} : { kind }),
  };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
  return text;
}

/** The events of a stream of server-sent events, until it ends. */
async function* readStream(response: IncomingMessage): AsyncGenerator<MasterEvent, void, undefined> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += String(chunk);
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = new Map(block.split('\n').map((line) => splitField(line)));
      const data = fields.get('data');
      if (data === undefined) continue;
      yield {
        ...(JSON.parse(data) as MasterEvent),
        id: Number(fields.get('id')),
        kind: fields.get('event') ?? '',
      };
    }
  }
}

function splitField(line: string): [name: string, value: string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon), line.slice(colon + 1).replace(/^ /, '')];
}
