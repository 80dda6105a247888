import { z } from 'zod';
import { FAULTS, SupervisorFault } from '../errors.js';
import { RpcClient } from '../supervisord/rpc-client.js';
import type { RpcValue } from '../xml-rpc/values.js';
import { describeFault, STATUS, type Verb } from './messages.js';
import { fullName } from './process-names.js';

const resultsSchema = z.array(z.object({ name: z.string(), group: z.string(), status: z.number() }));

/** What an action works with: the supervisor, the terminal, and the exit status that it leaves. */
export class Control {
  /** The exit status of what has been done so far. */
  status = 0;
  /** Where the supervisor listens; `open` changes it. */
  socket: string;
  readonly print: (text: string) => void;
  /** Ends what follows a log. */
  readonly signal: AbortSignal;
  /** Lines that the user types, for `fg`; absent: there is nobody. */
  readonly typed: AsyncIterable<string> | undefined;
  /** Asks before what cannot be taken back; at a prompt only. */
  readonly confirm: ((question: string) => Promise<boolean>) | undefined;
  readonly #rpc = new RpcClient(() => Promise.resolve(this.socket));

  constructor(options: Pick<Control, 'socket' | 'print' | 'signal'> & Partial<Pick<Control, 'typed' | 'confirm'>>) {
    this.socket = options.socket;
    this.print = options.print;
    this.signal = options.signal;
    this.typed = options.typed;
    this.confirm = options.confirm;
  }

  call(method: string, parameters: readonly (string | number | boolean)[] = []): Promise<RpcValue> {
    return this.#rpc.call(method, parameters);
  }

  line(text: string): void {
    this.print(`${text}\n`);
  }

  /** Says what was wrong with the words of an action. */
  refuse(text: string, status: number = STATUS.failed): void {
    this.line(`Error: ${text}`);
    this.status = status;
  }

  /** One line for one refused process. */
  fail(verb: Verb, name: string, faultCode: number): void {
    const { text, status } = describeFault(verb, faultCode);
    this.line(`${name}: ERROR (${text})`);
    if (status !== 0) this.status = status;
  }

  /** A line for each process of a group, or of all. */
  reportResults(verb: Verb, done: string, answer: RpcValue): void {
    for (const result of resultsSchema.parse(answer)) {
      if (result.status === FAULTS.SUCCESS) this.line(`${fullName(result)}: ${done}`);
      else this.fail(verb, fullName(result), result.status);
    }
  }

  /**
   * Does something that a supervisor may refuse.
   * @param refusals what is said for the faults that are known here; others go on
   * @returns whether it was done
   */
  async attempt(work: () => Promise<unknown>, refusals: Readonly<Record<number, string>>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof SupervisorFault)) throw error;
      const text = refusals[error.faultCode];
      if (text === undefined) throw error;
      this.line(text);
      this.status = STATUS.failed;
      return false;
    }
  }
}
