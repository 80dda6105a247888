import type { Writable } from 'node:stream';
import type { Logger } from '@slapos/host';
import { checkName } from '../configuration/values.js';
import { BangRecord } from './bang-record.js';
import { readEvents, type SupervisorEvent } from './event-stream.js';

const WATCHED_EVENTS = new Set(['PROCESS_STATE_EXITED', 'PROCESS_STATE_FATAL']);
/** Services that the node watches carry it in their name (spec: supervisor §3). */
const WATCHED_MARK = '-on-watch';
const READY = 'READY\n';
const OK = 'RESULT 2\nOK';

export interface WatchdogPorts {
  /** Events from supervisord. */
  readonly input: AsyncIterable<Uint8Array>;
  /** Answers to supervisord; nothing else may be written there. */
  readonly output: Writable;
  /** Tells the master that the partition must be processed again: `softwareInstanceBang`. */
  readonly bang: (partitionId: string, message: string) => Promise<void>;
  readonly logger: Logger;
  /** Where the partitions remember that they banged; without it every event bangs. */
  readonly instanceRoot?: string | undefined;
}

/**
 * Serves as the event listener of supervisord until it ends: a watched service that exits bangs its partition, once per deployment
 * (spec: grid §12.2, supervisor §7). A bang that fails is logged, and the next exit tries again.
 * @throws SupervisorError `SUPERVISOR_INVALID_ANSWER` when the input is not supervisord's
 */
export async function runWatchdog(ports: WatchdogPorts): Promise<void> {
  const record = ports.instanceRoot === undefined ? undefined : new BangRecord(ports.instanceRoot);
  await write(ports.output, READY);
  for await (const event of readEvents(ports.input)) {
    try {
      await handle(event, record, ports);
    } catch (error) {
      // Whatever happens to one partition, the others stay watched.
      ports.logger.error('Cannot bang', { group: event.payload['groupname'], error });
    }
    await write(ports.output, `${OK}${READY}`);
  }
}

async function handle(event: SupervisorEvent, record: BangRecord | undefined, ports: WatchdogPorts): Promise<void> {
  const { processname: program = '', groupname: partitionId = '' } = event.payload;
  if (!WATCHED_EVENTS.has(event.name) || !program.includes(WATCHED_MARK)) return;
  checkName('group', partitionId);
  if ((await record?.hasBanged(partitionId)) === true) {
    ports.logger.info('Exited again before its partition was deployed anew: no bang', { partitionId, program });
    return;
  }
  await ports.bang(partitionId, `${program} of partition ${partitionId} exited (${event.name})`);
  ports.logger.info('Banged', { partitionId, program });
  await record?.note(partitionId);
}

function write(output: Writable, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    output.write(text, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
