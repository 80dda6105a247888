import type { FormatAction, FormatOptions, FormatResult } from '@slapos/format';
import { observedPass } from '@slapos/grid';
import type { Host } from '@slapos/host';
import type { SlapClient } from '@slapos/slap';
import { openProgress, type ProgressMode } from '../console/progress.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { CommandLog } from '../output/log.js';
import { openPassOutputs } from '../pass-outputs/pass-outputs.js';
import { toAll } from './pass-progress.js';
import { formatActionText, summarizeFormat } from './render-format-action.js';

const MACHINE = 'machine';

/** Where it is told what formatting does. */
export interface FormatWatching {
  readonly progress: ProgressMode;
  readonly events: string | undefined;
}

interface WatchedFormatPorts extends FormatWatching {
  readonly host: Pick<Host, 'clock'>;
  readonly client: SlapClient;
  readonly logger: CommandLog;
  readonly configWarnings: readonly string[];
}

/** Formats while a terminal, programs and the machine's journal are told what is done (spec: ux-ideas §9, §17). */
export async function watchedFormat(
  format: (onDone: (action: FormatAction) => void) => Promise<FormatResult>,
  { instanceRoot }: Pick<FormatOptions, 'instanceRoot'>,
  { host, client, logger, configWarnings, progress: mode, events }: WatchedFormatPorts,
): Promise<FormatResult> {
  using written = openPassOutputs({ events }, { instanceRoot, logger });
  using progress = await openProgress({ title: 'Machine', mode, log: logger });
  const began = host.clock.monotonic();
  const master = { onRequest: (listener: Parameters<SlapClient['onRequest']>[0]) => client.onRequest(listener) };
  const observer = toAll(written.observer, (event) => {
    progress.event(event);
  });
  progress.set(MACHINE, { label: 'format', state: 'running', detail: 'looking at the machine' });
  return await observedPass('format', { host, master }, { observer, configWarnings }, async (emit) => {
    const onDone = (action: FormatAction): void => {
      const { kind: step, reason } = action;
      const detail = formatActionText(action, client.masterUrl);
      emit('format.step', { step, reason, detail });
      progress.set(MACHINE, { detail });
    };
    const result = await format(onDone);
    const exitCode = result.sent ? EXIT_CODES.OK : EXIT_CODES.NOT_POSTED;
    progress.set(MACHINE, { state: result.sent ? 'ok' : 'failed', detail: summarizeFormat(result) });
    const counts: Record<string, number> = {};
    for (const { kind } of result.actions) counts[kind] = (counts[kind] ?? 0) + 1;
    const outcome = result.sent ? 'success' : 'failure';
    emit('pass.finished', { outcome, exitCode, counts, durationMs: host.clock.monotonic() - began });
    return result;
  });
}
