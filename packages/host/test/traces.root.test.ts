import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { afterAll, describe, expect, test } from 'vitest';

import {
  createLinuxHost,
  endProcessesOfUser,
  processesOfUser,
  removeTracesOfUser,
  silentLogger,
  systemClock,
} from '../src/index.js';
import { makeTenants } from './support/tenants.js';

describe('a user whose place is given to somebody else', () => {
  const tenants = makeTenants(1, 'traces');
  const user = tenants.users[0]!;
  afterAll(() => tenants[Symbol.dispose]());
  const context = { commands: createLinuxHost().commands, clock: systemClock, logger: silentLogger };
  const asTenant = (uid: number, gid: number, command: string): string[] => [
    '--reuid',
    String(uid),
    '--regid',
    String(gid),
    '--clear-groups',
    'sh',
    '-c',
    command,
  ];

  test('keeps no process, not even one that has left its parents and ignores SIGTERM', async () => {
    const stubborn = "(trap '' TERM; while :; do sleep 0.1; done) & (setsid sleep 600 &)";
    execFileSync('setpriv', asTenant(user.uid, user.gid, stubborn), { stdio: 'ignore' });
    while (processesOfUser(user.uid).length < 2) await pause(10);
    expect(await endProcessesOfUser(user, { ...context, graceMs: 300 })).toEqual([]);
    expect(processesOfUser(user.uid)).toEqual([]);
  });

  test('leaves other people’s processes alone', async () => {
    const ours = spawn('sleep', ['600']);
    try {
      expect(await endProcessesOfUser(user, context)).toEqual([]);
      expect(ours.exitCode).toBeNull();
    } finally {
      ours.kill('SIGKILL');
    }
  });

  test('leaves no file in the folders of all, no crontab, no IPC object', async () => {
    const leave = (command: string): string =>
      execFileSync('setpriv', asTenant(user.uid, user.gid, command), { encoding: 'utf8' });
    const name = `left-by-${user.name}`;
    leave(
      `mkdir /tmp/${name} && ln -s /etc /tmp/${name}/link && echo x > /dev/shm/${name} && echo x > /var/tmp/${name}`,
    );
    leave('ipcmk -M 4096 -S 2 -Q');
    const crontabs = '/var/spool/cron/crontabs';
    await mkdir(crontabs, { recursive: true });
    const crontab = path.join(crontabs, user.name);
    await writeFile(crontab, '* * * * * id\n');
    const other = '/tmp/left-by-root-of-the-test';
    await writeFile(other, '');
    try {
      const removed = await removeTracesOfUser(user, context);
      expect(removed).toEqual(
        expect.arrayContaining([`/tmp/${name}`, `/var/tmp/${name}`, `/dev/shm/${name}`, crontab]),
      );
      expect(removed.filter((text) => text.startsWith('System V'))).toHaveLength(3);
      for (const file of [`/tmp/${name}`, `/var/tmp/${name}`, `/dev/shm/${name}`, crontab])
        expect(existsSync(file)).toBe(false);
      expect(existsSync(other)).toBe(true);
      expect(existsSync('/etc/passwd')).toBe(true);
      expect(await removeTracesOfUser(user, context)).toEqual([]);
    } finally {
      await rm(other, { force: true });
    }
  });
});
