import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { beforeAll, expect, it } from 'vitest';
import type { FormatOptions } from '../src/index.js';
import { buildFormatProgram, type FormatRun, NetworkMachine } from './support/network-machine.js';
import { isTorture, rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

/** In the short form every so manieth point, each on the machine that the one before left. */
const STEP = rounds(6, 1);
const PARTITIONS = rounds(1, 3);
const LEAST_KILLS = rounds(4, 100);
const ARCHIVE = '.zip';
/** Of this test itself: what is asked for, and what the master was told. */
const OURS = /^(?:request\.json|sent)$/;
const IPV4 = /\b10\.0\.\d+\.\d+\b/g;

let program: string;
beforeAll(async () => {
  program = await buildFormatProgram();
}, TORTURE_TIMEOUT_MS);

/** All that formatting makes: files with owners, modes and contents, users, addresses and routes; what differs from machine to machine has a name. */
function endState(machine: NetworkMachine): Record<string, unknown> {
  const users = new Map<number, string>();
  const accounts: string[] = [];
  for (const line of execFileSync('getent', ['passwd'], { encoding: 'utf8' }).split('\n')) {
    const [name = '', , uid, , , home = '', shell = ''] = line.split(':');
    if (name !== machine.softwareUser && !name.startsWith(machine.userBaseName)) continue;
    users.set(Number(uid), name);
    const groups = execFileSync('id', ['-Gn', name], { encoding: 'utf8' }).trim();
    const lock = execFileSync('passwd', ['-S', name], { encoding: 'utf8' }).split(' ')[1] ?? '';
    accounts.push([name, home, shell, groups, lock].join(' '));
  }
  const files: Record<string, string> = {};
  const visit = (folder: string): void => {
    for (const name of readdirSync(path.join(machine.root, folder))) {
      const relative = path.join(folder, name);
      if (OURS.test(relative)) continue;
      const stats = lstatSync(path.join(machine.root, relative));
      const base = `${stats.mode.toString(8)} ${users.get(stats.uid) ?? String(stats.uid)}`;
      if (stats.isDirectory()) visit(relative);
      files[relative] = stats.isFile() ? `${base} ${contentOf(path.join(machine.root, relative))}` : base;
    }
  };
  visit('');
  const network = ['br0', 'slaptap0', 'slaptun0'].map((link) => machine.addresses(link).sort());
  const routes = machine
    .ip('-6', 'route', 'show', 'table', 'all')
    .split('\n')
    .filter((line) => !/fe80::|ff00::/.test(line))
    .sort();
  const text = JSON.stringify({ accounts: accounts.sort(), files, network, routes })
    .replaceAll(machine.root, '@ROOT@')
    .replaceAll(machine.userBaseName, '@USER@')
    .replaceAll(machine.softwareUser, '@SOFTWARE@')
    .replace(IPV4, '@IPV4@');
  return JSON.parse(text) as Record<string, unknown>;
}

/** An archive must be whole; what it has depends on how often the document was written. */
function contentOf(file: string): string {
  const bytes = readFileSync(file);
  if (!file.endsWith(ARCHIVE)) return bytes.toString();
  for (const entry of Object.values(unzipSync(bytes))) expect(entry.length).toBeGreaterThan(0);
  return 'archive';
}

/** Formats again until nothing is left, and says where that ends. */
function heal(machine: NetworkMachine, options: Partial<FormatOptions>): Record<string, unknown> {
  for (let runs = 0; runs < 3; runs += 1) {
    const run = machine.format(options);
    expect(run.message).toBeUndefined();
    if (run.kinds.join() === 'send') return endState(machine);
  }
  throw new Error('there was always something left to do');
}

function refuseEmptyFiles(machine: NetworkMachine, where: string): void {
  const empty = execFileSync(
    'find',
    [machine.root, '-name', 'slapos.xml*', '-size', '0', '-o', '-name', '.slapos-resource', '-size', '0'],
    {
      encoding: 'utf8',
    },
  );
  expect(empty, where).toBe('');
}

it(
  'whatever the instant at which formatting is killed, the next run ends where an undisturbed one does',
  () => {
    const options = { partitionAmount: PARTITIONS };
    const undisturbed = (): { run: FormatRun; state: Record<string, unknown> } => {
      using machine = new NetworkMachine(program);
      const run = machine.format(options);
      return { run, state: heal(machine, options) };
    };
    const { run, state } = undisturbed();
    let kills = 0;
    const killAt = (machine: NetworkMachine, point: number): boolean => {
      const { killed, message } = machine.format(options, point);
      expect(message, String(point)).toBeUndefined();
      if (!killed) return false;
      kills += 1;
      refuseEmptyFiles(machine, `after a kill at ${String(point)}`);
      return true;
    };
    if (isTorture) {
      for (let point = 1; point <= run.points; point += STEP) {
        using machine = new NetworkMachine(program);
        if (killAt(machine, point)) expect(heal(machine, options), `after a kill at ${String(point)}`).toEqual(state);
      }
      process.stderr.write(`kill points of format: ${String(kills)}\n`);
    } else {
      using machine = new NetworkMachine(program);
      for (let point = 4; killAt(machine, point); point += STEP);
      expect(heal(machine, options)).toEqual(state);
    }
    expect(kills).toBeGreaterThanOrEqual(LEAST_KILLS);
  },
  TORTURE_TIMEOUT_MS,
);
