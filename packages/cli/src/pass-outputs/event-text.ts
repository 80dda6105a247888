import type { JournalEvent } from './read-journal.js';

const COMMON_FIELDS = new Set(['v', 'time', 'type', 'pass', 'passName', 'passId']);

/** An event of a pass in one line, without its instant and its pass. */
export function eventText(event: JournalEvent): string {
  const details = Object.entries(event)
    .filter(([name]) => !COMMON_FIELDS.has(name))
    .map(([name, value]) =>
      typeof value === 'string' ? value.replaceAll(/\s*\n\s*/g, ' ') : `${name} ${JSON.stringify(value)}`,
    );
  return [event.type, ...details].join('  ');
}
