import { SupervisorError } from '../errors.js';

/** An event that supervisord sends to a listener (spec: supervisor §7). */
export interface SupervisorEvent {
  /** Such as `PROCESS_STATE_EXITED`. */
  readonly name: string;
  /** `processname`, `groupname`, `from_state` and others, as far as the event has them. */
  readonly payload: Readonly<Record<string, string>>;
}

const NEWLINE = 0x0a;
const MAX_HEADER_BYTES = 64 * 1024;
/** Output of processes can be an event; anything beyond this is not meant for us. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;

/**
 * Reads events: a line of tokens that ends with the number of bytes of the payload behind it.
 * @throws SupervisorError `SUPERVISOR_INVALID_ANSWER` for what is no event: then nobody can tell where the next one begins
 */
export async function* readEvents(input: AsyncIterable<Uint8Array>): AsyncGenerator<SupervisorEvent> {
  let buffered: Buffer = Buffer.alloc(0);
  let header: Readonly<Record<string, string>> | undefined;
  for await (const chunk of input) {
    buffered = Buffer.concat([buffered, chunk]);
    for (;;) {
      if (header === undefined) {
        const end = buffered.indexOf(NEWLINE);
        if (end === -1) {
          if (buffered.length > MAX_HEADER_BYTES) throw noEvent(buffered.toString('utf8', 0, 80));
          break;
        }
        header = readTokens(buffered.toString('utf8', 0, end));
        buffered = buffered.subarray(end + 1);
      }
      const length = lengthIn(header);
      if (buffered.length < length) break;
      yield { name: header['eventname'] ?? '', payload: readTokens(buffered.toString('utf8', 0, length)) };
      buffered = buffered.subarray(length);
      header = undefined;
    }
  }
}

function lengthIn(header: Readonly<Record<string, string>>): number {
  const text = header['len'] ?? '';
  const length = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(length <= MAX_PAYLOAD_BYTES) || header['eventname'] === undefined) throw noEvent(JSON.stringify(header));
  return length;
}

/** `name:value` tokens between blanks; a value may hold colons. Data behind the first line are not ours. */
function readTokens(text: string): Record<string, string> {
  const tokens: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const token of (text.split('\n')[0] ?? '').split(/\s+/)) {
    const colon = token.indexOf(':');
    if (colon > 0) tokens[token.slice(0, colon)] = token.slice(colon + 1);
  }
  return tokens;
}

function noEvent(found: string): SupervisorError {
  return new SupervisorError(
    'SUPERVISOR_INVALID_ANSWER',
    `What supervisord sent is no event: ${JSON.stringify(found)}`,
    {
      hint: 'A listener is started by supervisord, from an [eventlistener:…] section; it is no program for a terminal.',
    },
  );
}
