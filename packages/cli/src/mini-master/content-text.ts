import type { ProxyContentDocument } from '@slapos/proxy';

/** How much there is: `1 computer, 2 Software Releases, 10 partitions, 3 of them with instances`. */
export function contentText({ tables }: ProxyContentDocument): string {
  const countOf = (name: string): number => tables[name]?.length ?? 0;
  const busy = (tables['partition'] ?? []).filter((row) => row['slap_state'] === 'busy').length;
  return [
    counted(countOf('computer'), 'computer'),
    counted(countOf('software'), 'supply', 'supplies'),
    counted(countOf('partition'), 'partition'),
    `${busy} of them in use`,
  ].join(', ');
}

function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
