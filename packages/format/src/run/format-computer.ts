import type { Host, Logger } from '@slapos/host';
import type { Computer } from '../computer/computer.js';
import { readStateDocument } from '../computer/document.js';
import { machineFacts, OS_RELEASE_FILES } from '../computer/facts.js';
import { wantedComputer } from '../computer/load-computer.js';
import type { FormatOptions } from '../config/options.js';
import { applyFormat } from './apply.js';
import { observeMachine, readIfThere } from './observe.js';
import type { FormatAction } from './plan.js';
import { planFormat } from './plan.js';

/** What formatting needs of the outside. */
export interface FormatPorts {
  readonly host: Pick<Host, 'users' | 'clock' | 'isRoot'>;
  /** Posts the document to the master: `Computer.updateConfiguration` (spec: format §8). */
  readonly send: (document: string) => Promise<void>;
  readonly logger: Logger;
  /** Version of the `slapos` command, which the master is told. */
  readonly slaposVersion: string;
}

/** What a run did, or in a dry run would do. */
export interface FormatResult {
  readonly computer: Computer;
  readonly actions: readonly FormatAction[];
  /** Why the master could not be told; the machine is formatted nevertheless (exit status 2 of the command). */
  readonly sendFailure: unknown;
  readonly sent: boolean;
}

/**
 * Makes the machine what the options say, keeps its document, and tells the master (spec: format §3).
 * Repeatable: on a formatted machine nothing is written, and a run that was killed is completed by the next.
 * @throws FormatError, HostError: nothing is sent then
 */
export async function formatComputer(options: FormatOptions, ports: FormatPorts): Promise<FormatResult> {
  const document = options.definition === undefined ? await readIfThere(options.computerXml) : undefined;
  const kept = document === undefined ? undefined : readStateDocument(document, options.computerXml);
  const computer = wantedComputer(options, kept, ports.logger);
  const observed = await observeMachine(computer, options, ports);
  const facts = machineFacts(await readOsRelease(), ports.slaposVersion);
  const actions = planFormat(observed, computer, facts, options);
  if (options.dryRun) return { computer, actions, sendFailure: undefined, sent: false };
  ports.logger.info('Updating computer');
  await applyFormat(actions, ports);
  for (const action of actions) {
    if (action.kind !== 'send') continue;
    try {
      await ports.send(action.document);
    } catch (sendFailure) {
      return { computer, actions, sendFailure, sent: false };
    }
  }
  return { computer, actions, sendFailure: undefined, sent: true };
}

async function readOsRelease(): Promise<string> {
  for (const file of OS_RELEASE_FILES) {
    const text = await readIfThere(file);
    if (text !== undefined) return text;
  }
  return '';
}
