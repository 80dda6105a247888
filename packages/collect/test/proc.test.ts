import { readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { ProcFolder } from '../src/snapshot/proc-folder.js';
import { parseMountedDevices, parseNetworkTotals, parseProcessorTicks } from '../src/snapshot/proc-text.js';
import { processorShare, readProcesses, ticksOf } from '../src/snapshot/processes.js';
import { busyPercent, readComputer, readSystem } from '../src/snapshot/system.js';
import { parseSensors } from '../src/snapshot/temperature.js';

const FIXTURES = path.join(import.meta.dirname, 'fixtures');
const text = (...names: string[]): string => readFileSync(path.join(FIXTURES, ...names), 'utf8');
const expected = JSON.parse(text('proc', 'expected.json')) as {
  processes: Record<string, Record<string, number | string>>;
  system: Record<string, number>;
  computer: Record<string, number>;
};
const earlierProc = new ProcFolder({ root: path.join(FIXTURES, 'proc', 't0') });
const laterProc = new ProcFolder({ root: path.join(FIXTURES, 'proc', 't1') });
const OWNER = new Map([
  ...[/^Uid:\s+(\d+)/m.exec(text('proc', 't0', '14301', 'status'))?.[1]].map(
    (uid) => [Number(uid), 'slapuser0'] as const,
  ),
]);

test('two readings of /proc give what psutil computes from them', () => {
  const first = readProcesses(earlierProc, OWNER);
  const later = readProcesses(laterProc, OWNER);
  expect(first.processes.map(({ pid }) => pid)).toEqual([14301, 14302]);
  for (const [index, wanted] of [expected.processes['busy'], expected.processes['idle']].entries()) {
    const before = first.processes[index]!;
    const after = later.processes[index]!;
    expect({
      pid: before.pid,
      process: before.process,
      cpu_num_threads: before.threads,
      memory_rss: before.memoryBytes,
      io_rw_counter: before.ioBytes,
      io_cycles_counter: before.ioCalls,
    }).toEqual({
      pid: wanted!['pid'],
      process: wanted!['process'],
      cpu_num_threads: wanted!['cpu_num_threads'],
      memory_rss: wanted!['memory_rss'],
      io_rw_counter: wanted!['io_rw_counter'],
      io_cycles_counter: wanted!['io_cycles_counter'],
    });
    expect(before.memoryPercent).toBeCloseTo(Number(wanted!['memory_percent']), 12);
    // The recording has the wall clock between the readings, we have the uptime, which has two decimals.
    const share = processorShare(after, later.uptimeSeconds, ticksOf(first), 100);
    expect(Math.abs(share - Number(wanted!['cpu_percent']))).toBeLessThanOrEqual(0.3);
  }
});

test('system and computer are what psutil computes', () => {
  const cpu = busyPercent(
    parseProcessorTicks(text('proc', 't0', 'stat')),
    parseProcessorTicks(text('proc', 't1', 'stat')),
  );
  const system = [earlierProc, laterProc].map((proc) => readSystem(proc, cpu));
  const shown = system.map((reading) => ({
    loadavg: reading.load,
    cpu_percent: reading.cpuPercent,
    memory_used: reading.memoryUsedBytes,
    memory_free: reading.memoryFreeBytes,
    net_in_bytes: reading.network.inBytes,
    net_in_errors: reading.network.inErrors,
    net_in_dropped: reading.network.inDropped,
    net_out_bytes: reading.network.outBytes,
    net_out_errors: reading.network.outErrors,
    net_out_dropped: reading.network.outDropped,
  }));
  expect(shown).toContainEqual(expected.system);
  expect(readComputer(laterProc)).toEqual({
    processors: expected.computer['cpu_num_core'],
    memoryBytes: expected.computer['memory_size'],
  });
});

test('a process that started between two readings is measured since its start', () => {
  const reading = { ...readProcesses(laterProc, OWNER).processes[0]!, startTicks: 1_000, busyTicks: 150 };
  expect(processorShare(reading, 12, { uptimeSeconds: 5, ticks: new Map() }, 100)).toBe(75);
  expect(processorShare(reading, 10, { uptimeSeconds: 5, ticks: new Map() }, 100)).toBe(0);
});

test('each device counts once, with its first mount point', () => {
  const devices = parseMountedDevices(text('proc', 't1', 'self', 'mounts'), text('proc', 't1', 'filesystems'));
  expect(devices).toEqual([
    { device: '/dev/sda1', mountPoint: '/' },
    { device: '/dev/mapper/vg-srv', mountPoint: '/srv' },
    { device: '/dev/sdb1', mountPoint: '/mnt/with space' },
  ]);
});

test('an interface name may touch its first number', () => {
  const line = (name: string, ...numbers: number[]): string => `${name}:${numbers.join(' ')}`;
  expect(
    parseNetworkTotals(
      `Inter-| Receive\n face |bytes\n${line('eth0', 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)}\n${line('tap0', 100, 0, 0, 0, 0, 0, 0, 0, 200, 0, 0, 0, 0, 0, 0, 0)}\n`,
    ),
  ).toEqual({ inBytes: 101, inErrors: 3, inDropped: 4, outBytes: 209, outErrors: 11, outDropped: 12 });
});

test('sensors are read with their limits', () => {
  const shown = parseSensors(text('sensors', 'laptop.txt')).map(({ sensorId, ...rest }) => ({
    sensor_id: sensorId,
    ...rest,
  }));
  expect(shown).toEqual(JSON.parse(text('sensors', 'laptop.expected.json')));
  expect(parseSensors(text('sensors', 'none.txt'))).toEqual([]);
});

test('the flag of an alarm is no limit', () => {
  const [reading] = parseSensors('chip-0\nAdapter: X\nCore 0:\n  temp1_input: 40.0\n  temp1_crit_alarm: 0.000\n');
  expect(reading).toMatchObject({ sensorId: 'chip-0 Core 0:', critical: 1000, alarm: 0 });
});
