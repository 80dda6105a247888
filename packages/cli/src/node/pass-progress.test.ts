import type { PassEvent } from '@slapos/grid';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Progress, ProgressItem } from '../console/progress.js';
import { passProgress } from './pass-progress.js';

const items = new Map<string, Partial<ProgressItem>>();
let totals: readonly (number | undefined)[] = [];

const progress: Progress = {
  set: (id, item) => items.set(id, { ...items.get(id), ...item }),
  total: (...numbers) => {
    totals = numbers;
  },
  event: () => undefined,
  [Symbol.dispose]: () => undefined,
};

beforeEach(() => {
  items.clear();
  totals = [];
});

function show(...events: readonly Record<string, unknown>[]): void {
  const observer = passProgress(progress, { LANG: 'C.UTF-8' });
  const common = { v: 1, time: '2026-11-23T05:14:07.001Z', pass: 'p', passName: 'instance', passId: 'p' };
  for (const event of events) observer({ ...common, ...event } as unknown as PassEvent);
}

const KVM = 'https://lab.example/stack/kvm/software.cfg';

describe('the progress of a software pass', () => {
  it('names the part that is built, of how many there probably are', () => {
    const part = { type: 'software.part', software: KVM, part: 'openssl', index: 41 };
    const begin = [
      { type: 'software.planned', software: KVM, action: 'build' },
      { type: 'software.started', software: KVM, action: 'build' },
    ];
    show(...begin, { ...part, estimatedTotal: 96 });
    expect(items.get(KVM)).toMatchObject({
      label: 'https://…/kvm/software.cfg',
      detail: 'building part 41/~96 openssl',
    });
    show(...begin, part);
    expect(items.get(KVM)).toMatchObject({ detail: 'building part 41 openssl' });
    show(...begin, { type: 'software.finished', software: KVM, outcome: 'downloaded' });
    expect(items.get(KVM)).toMatchObject({ state: 'ok', detail: 'from binary cache' });
  });
});

describe('the progress of an instance pass', () => {
  const planned = (partition: string, title: string) => ({ type: 'partition.planned', partition, title });

  it('counts the promises of a partition, and says where a failure is explained', () => {
    const step = { type: 'partition.step', partition: 'slappart3', step: 'promises', count: 6 };
    const promise = { type: 'promise.finished', partition: 'slappart3', promise: 'check-http' };
    const begin = [
      planned('slappart3', 'web'),
      planned('slappart10', 'frontend'),
      { type: 'partition.started', partition: 'slappart3' },
      { ...step, step: 'build', count: undefined },
    ];
    show(...begin);
    expect(items.get('slappart3')).toMatchObject({ label: 'slappart3   web', detail: 'buildout' });
    show(...begin, step, { ...promise, ok: true }, { ...promise, ok: true });
    expect(items.get('slappart3')?.detail).toBe('promises 2/6');
    show(...begin, step, { ...promise, ok: false }, { ...promise, promise: 'other', ok: true });
    expect(items.get('slappart3')?.detail).toBe('promises 2/6 (check-http failed)');
    const logPath = '/srv/slapgrid/slappart3/.slapgrid-slappart3-error.log';
    const message = 'buildout failed\nand more';
    show(...begin, { type: 'partition.finished', partition: 'slappart3', outcome: 'failed', message, logPath });
    expect(items.get('slappart3')).toMatchObject({ state: 'failed', detail: `buildout failed → ${logPath}` });
  });

  it.each([
    [10, 10, [10, 0]],
    [11, 0, [11, 11]],
  ])('of %i unchanged partitions it shows %i', (count, shown, expected) => {
    const names = Array.from({ length: count }, (_, index) => `slappart${String(index)}`);
    show(
      ...names.map((name) => planned(name, '')),
      ...names.map((partition) => ({ type: 'partition.finished', partition, outcome: 'unchanged' })),
    );
    expect(items.size).toBe(shown);
    expect(totals).toEqual(expected);
  });
});
