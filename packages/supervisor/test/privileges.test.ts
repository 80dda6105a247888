import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { PRIVILEGE_PROBE_COUNT, PRIVILEGE_PROBES } from '@slapos/host/testing';
import { describe, expect, it } from 'vitest';
import { supervisorPaths, writePartitionGroups } from '../src/index.js';
import { eventually, Scratch, serviceUser } from './scratch.js';

const run = promisify(execFile);
/** With our own user there is nobody to protect from anybody. */
const isRoot = process.geteuid?.() === 0;
const IDLE_CONNECTIONS = 1000;
const STATUS_OF_SELF = 'cat /proc/self/status; ls /proc/self/fd; exec sleep 600';

describe.runIf(isRoot)('a service', () => {
  it('of the embedded supervisor can do nothing that its user must not', async () => {
    await using scratch = await Scratch.create('embedded');
    const { supervisor, instanceRoot } = scratch;
    await supervisor.ensureRunning();
    const canary = path.join(instanceRoot, 'canary');
    const other = path.join(instanceRoot, 'other');
    for (const folder of [canary, other]) await mkdir(folder, { mode: 0o700 });
    await writeFile(path.join(canary, 'file'), 'of root', { mode: 0o600 });
    await writeFile(path.join(other, 'secret'), 'of another', { mode: 0o600 });
    const setuid = path.join(instanceRoot, 'setuid-id');
    await copyFile('/usr/bin/id', setuid);
    await chmod(setuid, 0o4755);
    const probes = path.join(await scratch.partition('slappart0'), 'probes.js');
    await writeFile(probes, PRIVILEGE_PROBES.replace('process.argv.slice(1)', 'process.argv.slice(2)'));
    const daemon = (await readFile(supervisorPaths(instanceRoot).pid, 'utf8')).trim();
    const program = await scratch.program(
      'slappart0',
      'probe',
      `exec ${process.execPath} ${probes} ${daemon} ${other} ${setuid} ${canary}`,
    );
    await writePartitionGroups(instanceRoot, 'slappart0', [{ name: 'slappart0', programs: [program] }]);
    await supervisor.update();
    await supervisor.startGroup('slappart0');
    const output = async (): Promise<string> =>
      (await supervisor.tail(`slappart0:${program.processName}`, 'stdout', 10_000)).text;
    await eventually('its answer', async () => (await output()).includes('allowed'));
    expect(JSON.parse(await output())).toEqual({ count: PRIVILEGE_PROBE_COUNT, allowed: [] });
    expect(await readFile(path.join(canary, 'file'), 'utf8')).toBe('of root');
  });

  it.each(['supervisord', 'embedded'] as const)(
    'of %s is its user in every way, and inherits nothing',
    async (kind) => {
      await using scratch = await Scratch.create(kind);
      const { supervisor, instanceRoot } = scratch;
      const user = await serviceUser();
      await supervisor.ensureRunning();
      const program = await scratch.program('slappart0', 'who', STATUS_OF_SELF);
      await writePartitionGroups(instanceRoot, 'slappart0', [{ name: 'slappart0', programs: [program] }]);
      await supervisor.update();
      await supervisor.startGroup('slappart0');
      const output = async (): Promise<string> =>
        (await supervisor.tail('slappart0:who-on-watch', 'stdout', 10_000)).text;
      // Of ls itself: its three streams, and the folder that it reads.
      await eventually('its answer', async () => (await output()).endsWith('\n0\n1\n2\n3\n'));
      const text = await output();
      const four = (id: number): string => Array.from({ length: 4 }, () => String(id)).join('\t');
      expect(text).toContain(`Uid:\t${four(user.uid)}\n`);
      expect(text).toContain(`Gid:\t${four(user.gid)}\n`);
      expect(text).toMatch(new RegExp(`^Groups:\\s*${String(user.gid)}\\s*$`, 'm'));
      for (const set of ['CapPrm', 'CapEff', 'CapAmb']) expect(text).toMatch(new RegExp(`^${set}:\\t0+$`, 'm'));
    },
  );

  it.each(['supervisord', 'embedded'] as const)('cannot talk to %s', async (kind) => {
    await using scratch = await Scratch.create(kind);
    await scratch.supervisor.ensureRunning();
    const { uid, gid } = await serviceUser();
    const connect = `require('node:net').connect(${JSON.stringify(supervisorPaths(scratch.instanceRoot).socket)}).on('connect', () => console.log('connected')).on('error', (error) => console.log(error.code))`;
    const drop = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', process.execPath, '-e', connect];
    expect((await run('setpriv', drop, { cwd: '/' })).stdout.trim()).toBe('EACCES');
  });
});

it(`${String(IDLE_CONNECTIONS)} idle connections do not take the embedded supervisor from its services`, async () => {
  await using scratch = await Scratch.create('embedded');
  await scratch.supervisor.ensureRunning();
  const { socket } = supervisorPaths(scratch.instanceRoot);
  const open = Array.from({ length: IDLE_CONNECTIONS }, () => net.connect(socket).on('error', () => {}));
  // Those beyond its limit are ended by it.
  await eventually(
    'it to end most of them',
    async () => open.filter((each) => each.closed || each.destroyed).length > IDLE_CONNECTIONS / 2,
  );
  for (const each of open) each.destroy();
  await eventually('it to answer', () => scratch.supervisor.isRunning());
});
