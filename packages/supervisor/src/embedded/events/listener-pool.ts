import { PROCESS_STATES } from '../../states.js';
import type { ListenerConfiguration, LogLevel } from '../configuration/types.js';
import type { ProcessFollower, SupervisedProcess } from '../process/supervised-process.js';
import { type DaemonEvent, includesEvent } from './event-names.js';

const READY = Buffer.from('READY\n');
const MAX_RESULT_LINE_BYTES = 64;
const MAX_RESULT_BYTES = 1024 * 1024;

interface Listener {
  state: 'ACKNOWLEDGED' | 'READY' | 'BUSY' | 'UNKNOWN';
  buffer: Buffer;
  event: QueuedEvent | undefined;
}

/** An event on its way; its number counts all that any listener has got. */
export interface NumberedEvent extends DaemonEvent {
  readonly serial: () => number;
}

interface QueuedEvent {
  readonly event: NumberedEvent;
  readonly poolSerial: number;
}

export interface ListenerPoolOptions {
  readonly name: string;
  readonly identifier: string;
  readonly configuration: ListenerConfiguration;
  readonly log: (level: LogLevel, message: string) => void;
}

/**
 * Hands events to the processes of an `eventlistener` section, one at a time to each (spec: supervisor §7). Whatever a listener does, the
 * daemon never waits for it: events queue up, and of too many the oldest are dropped.
 */
export class ListenerPool implements ProcessFollower {
  readonly #options: ListenerPoolOptions;
  readonly #listeners = new Map<SupervisedProcess, Listener>();
  #queue: QueuedEvent[] = [];
  #nextSerial = 0;

  constructor(options: ListenerPoolOptions) {
    this.#options = options;
  }

  /** Takes an event if the section asked for its kind. */
  offer(event: NumberedEvent): void {
    if (!this.#options.configuration.events.some((subscribed) => includesEvent(subscribed, event.name))) return;
    event.serial();
    this.#queue.push({ event, poolSerial: this.#nextSerial });
    this.#nextSerial += 1;
    if (this.#queue.length > this.#options.configuration.bufferSize) {
      const dropped = this.#queue.shift();
      this.#options.log(
        'error',
        `pool ${this.#options.name} event buffer overflowed, discarding event ${String(dropped?.event.serial() ?? '')}`,
      );
    }
    this.#dispatch();
  }

  onState(process: SupervisedProcess): void {
    if (process.state === PROCESS_STATES.STARTING) {
      this.#listeners.set(process, { state: 'ACKNOWLEDGED', buffer: Buffer.alloc(0), event: undefined });
    } else if (process.isStopped || process.state === PROCESS_STATES.BACKOFF) {
      const listener = this.#listeners.get(process);
      if (listener) this.#reject(listener);
      this.#listeners.delete(process);
    } else this.#dispatch();
  }

  onStdout(process: SupervisedProcess, chunk: Uint8Array): void {
    const listener = this.#listeners.get(process);
    if (!listener || listener.state === 'UNKNOWN') return;
    listener.buffer = Buffer.concat([listener.buffer, chunk]);
    while (listener.buffer.length > 0 && this.#step(process, listener));
    this.#dispatch();
  }

  /** @returns whether more of the buffer may be understood now */
  #step(process: SupervisedProcess, listener: Listener): boolean {
    if (listener.state === 'ACKNOWLEDGED') {
      const head = listener.buffer.subarray(0, READY.length);
      if (!READY.subarray(0, head.length).equals(head)) return this.#distrust(process, listener);
      if (head.length < READY.length) return false;
      listener.buffer = listener.buffer.subarray(READY.length);
      listener.state = 'READY';
      return true;
    }
    if (listener.state !== 'BUSY') return this.#distrust(process, listener);
    const end = listener.buffer.indexOf('\n');
    if (end === -1) return listener.buffer.length > MAX_RESULT_LINE_BYTES ? this.#distrust(process, listener) : false;
    const length = /^RESULT (\d{1,7})$/.exec(listener.buffer.toString('latin1', 0, end))?.[1];
    if (length === undefined || Number(length) > MAX_RESULT_BYTES) return this.#distrust(process, listener);
    const result = listener.buffer.subarray(end + 1, end + 1 + Number(length));
    if (result.length < Number(length)) return false;
    listener.buffer = listener.buffer.subarray(end + 1 + Number(length));
    if (result.toString('latin1') !== 'OK') {
      this.#options.log('warn', `${process.name}: event was rejected`);
      this.#reject(listener);
    }
    listener.event = undefined;
    listener.state = 'ACKNOWLEDGED';
    return true;
  }

  /** From then on the listener gets no more events: nobody knows what its next words will mean. */
  #distrust(process: SupervisedProcess, listener: Listener): false {
    this.#options.log(
      'warn',
      `${process.name}: bad output while ${listener.state}, event listener state is UNKNOWN now: ${JSON.stringify(listener.buffer.toString('latin1', 0, 40))}`,
    );
    listener.state = 'UNKNOWN';
    listener.buffer = Buffer.alloc(0);
    this.#reject(listener);
    return false;
  }

  /** Puts the event back to the head of the queue. */
  #reject(listener: Listener): void {
    if (listener.event) this.#queue.unshift(listener.event);
    listener.event = undefined;
  }

  #dispatch(): void {
    for (const [process, listener] of this.#listeners) {
      if (listener.state !== 'READY' || process.state !== PROCESS_STATES.RUNNING) continue;
      const queued = this.#queue.shift();
      if (!queued) return;
      listener.state = 'BUSY';
      listener.event = queued;
      if (process.writeStdin(this.#envelope(queued))) continue;
      listener.state = 'UNKNOWN';
      this.#reject(listener);
    }
  }

  #envelope({ event, poolSerial }: QueuedEvent): string {
    const { identifier, name } = this.#options;
    const length = Buffer.byteLength(event.payload);
    return `ver:3.0 server:${identifier} serial:${String(event.serial())} pool:${name} poolserial:${String(poolSerial)} eventname:${event.name} len:${String(length)}\n${event.payload}`;
  }
}
