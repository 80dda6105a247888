import path from 'node:path';
import type { PassObserver } from '@slapos/grid';
import { writeFileAtomically } from '@slapos/host';
import type { PassOutputValues } from './pass-output-flags.js';
import type { CommandLog } from '../output/log.js';
import { openEventJournal } from './event-journal.js';
import { PassStateFile } from './pass-state.js';
import { type AnyPassResult, passReport } from './pass-report.js';
import { type EventLines, openEventLines } from './event-lines.js';

/** What a pass writes for programs, beside its log: the journal and the state of the machine's last pass always. */
export interface PassOutputs extends Disposable {
  readonly observer: PassObserver;
  /** Writes the files that tell what the pass did. */
  finish(result: AnyPassResult, exitCode: number): Promise<void>;
}

/**
 * Prepares what the options ask for; a place that cannot be written to is told before the pass begins.
 * @throws CliError `CLI_USAGE`
 */
export function openPassOutputs(
  { report, junit, events }: PassOutputValues,
  { instanceRoot, logger }: { readonly instanceRoot: string; readonly logger: Pick<CommandLog, 'debug'> },
): PassOutputs {
  const lines: EventLines | undefined = events === undefined ? undefined : openEventLines(events);
  const journal = openEventJournal(instanceRoot, (error) =>
    logger.debug('Cannot keep the journal of passes', { error }),
  );
  const state = new PassStateFile(instanceRoot);
  return {
    observer(event) {
      lines?.write(event);
      journal.write(event);
      state.observe(event);
    },
    async finish(result, exitCode) {
      await state.settled();
      const document = passReport(result, exitCode, Date.now());
      if (report !== undefined)
        await writeFileAtomically(path.resolve(report), `${JSON.stringify(document, undefined, 2)}\n`);
      if (junit !== undefined) {
        const { junitXml } = await import('./junit-xml.js');
        await writeFileAtomically(path.resolve(junit), junitXml(document));
      }
    },
    [Symbol.dispose]() {
      lines?.[Symbol.dispose]();
      journal[Symbol.dispose]();
    },
  };
}
