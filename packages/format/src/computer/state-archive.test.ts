import { strFromU8, unzipSync } from 'fflate';
import { expect, it } from 'vitest';
import { archiveFormerState } from './state-archive.js';

const NOW = new Date(2026, 10, 23, 8, 5);

function contents(archive: Uint8Array): Record<string, string> {
  return Object.fromEntries(Object.entries(unzipSync(archive)).map(([name, bytes]) => [name, strFromU8(bytes)]));
}

it('names an entry after the file and the local time', () => {
  const update = archiveFormerState('/opt/slapos/slapos.xml', 'old', undefined, NOW);
  expect(update.kind).toBe('write');
  if (update.kind === 'write') expect(contents(update.archive)).toEqual({ 'slapos.xml.20261123-08:05': 'old' });
});

it('keeps the entries that are there', () => {
  const first = archiveFormerState('/s.xml', 'one', undefined, NOW);
  if (first.kind !== 'write') throw new Error('expected an archive');
  const second = archiveFormerState('/s.xml', 'two', first.archive, new Date(2026, 10, 23, 8, 6));
  if (second.kind !== 'write') throw new Error('expected an archive');
  expect(contents(second.archive)).toEqual({ 's.xml.20261123-08:05': 'one', 's.xml.20261123-08:06': 'two' });
});

it('overwrites nothing when the minute is the same, or comes again since the clock was set back', () => {
  let archive: Uint8Array | undefined;
  for (const text of ['one', 'two', 'two', 'three']) {
    const update = archiveFormerState('/s.xml', text, archive, NOW);
    expect(update.kind).toBe('write');
    archive = update.archive;
  }
  expect(contents(archive ?? new Uint8Array())).toEqual({
    's.xml.20261123-08:05': 'one',
    's.xml.20261123-08:05_2': 'two',
    's.xml.20261123-08:05_3': 'three',
  });
});

it('asks for a broken archive to be moved aside', () => {
  const update = archiveFormerState('/s.xml', 'old', new TextEncoder().encode('not a zip'), NOW);
  expect(update).toMatchObject({ kind: 'replace-broken', brokenName: 's.xml.zip_broken_20261123-08:05' });
});
