import path from 'node:path';
import { eventText } from '../pass-outputs/event-text.js';
import { journalFiles } from '../pass-outputs/event-journal.js';
import { type JournalEvent, readJournal } from '../pass-outputs/read-journal.js';
import { type LogLine, type LogSource, NODE, type SourceSelection } from './log-source.js';

/** What frames the work on partitions; it is shown with the logs of each. */
const FRAME: ReadonlySet<string> = new Set(['pass.started', 'pass.finished', 'master.offline']);
/** The passes that work on partitions. */
const PARTITION_PASSES: ReadonlySet<string> = new Set(['instance', 'promise', 'report']);

/** The journal of the passes, as a source; each of its lines is an event in JSON. */
export function journalSource(instanceRoot: string): LogSource {
  const [, current] = journalFiles(instanceRoot);
  return { owner: NODE, program: 'events', folder: path.dirname(current), name: path.basename(current) };
}

/** What the passes say about what was selected, from the lines of their journal. */
export function passLines(lines: readonly LogLine[], { owners, program }: SourceSelection): LogLine[] {
  return lines.flatMap((line) => {
    const event = parsed(line.text);
    if (event === undefined || (program !== undefined && program !== event.passName)) return [];
    const partition = typeof event['partition'] === 'string' ? event['partition'] : undefined;
    if (!isAbout(event, partition, owners)) return [];
    return [{ ...line, owner: partition ?? NODE, program: event.passName, text: eventText(event) }];
  });
}

function isAbout(event: JournalEvent, partition: string | undefined, owners: readonly string[] | undefined): boolean {
  if (owners === undefined) return true;
  if (partition !== undefined) return owners.includes(partition);
  return owners.includes(NODE) || (FRAME.has(event.type) && PARTITION_PASSES.has(event.passName));
}

/** From when to when something happened, in milliseconds since 1970. */
export interface Period {
  readonly fromMs: number;
  readonly toMs: number;
}

/** How long after its last event a pass may still write to files. */
const AFTERWARDS_MS = 1_000;

/** The last pass that worked on what was selected; `undefined` when none is known. */
export async function lastPass(
  instanceRoot: string,
  owners: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<Period | undefined> {
  const periods = new Map<string, Period>();
  let latest: string | undefined;
  for await (const event of readJournal(instanceRoot, { follow: false, signal })) {
    if (event === 'now') break;
    const at = Date.parse(event.time);
    periods.set(event.passId, { fromMs: periods.get(event.passId)?.fromMs ?? at, toMs: at + AFTERWARDS_MS });
    if (owners === undefined || owners.includes(NODE) || owners.includes(String(event['partition'])))
      latest = event.passId;
  }
  return latest === undefined ? undefined : periods.get(latest);
}

function parsed(text: string): JournalEvent | undefined {
  try {
    return JSON.parse(text) as JournalEvent;
  } catch {
    return undefined;
  }
}
