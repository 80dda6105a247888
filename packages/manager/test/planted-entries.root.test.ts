import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { isSlapOSError } from '@slapos/host';
import { MemoryDisks } from '@slapos/host/testing';
import { expect, test } from 'vitest';

import type { ManagerHook } from '../src/index.js';
import { Machine } from './support/partition.js';

const CANARY = '["203.0.113.7"]';
const KINDS = ['link', 'dangling link', 'hard link', 'fifo', 'device', 'folder'] as const;
type Kind = (typeof KINDS)[number];

/** Each file in a partition that a manager reads or writes as root, and what makes it do so. */
const FILES: readonly {
  readonly manager: string;
  readonly file: string;
  readonly hook: ManagerHook;
  readonly access: 'reads' | 'writes';
}[] = [
  { manager: 'prerm', file: '.slapos-report-wait-service-list', hook: 'report', access: 'writes' },
  { manager: 'cpuset', file: '.slapos-cpu-exclusive', hook: 'instance', access: 'reads' },
  { manager: 'devperm', file: '.slapos-disk-permission', hook: 'instance', access: 'reads' },
  { manager: 'devperm', file: '.slapos-disk-permission', hook: 'instanceTearDown', access: 'reads' },
  { manager: 'portredir', file: '.slapos-port-redirect', hook: 'instanceTearDown', access: 'reads' },
  { manager: 'whitelistfirewall', file: '.slapos-whitelist-firewall', hook: 'instanceTearDown', access: 'reads' },
  {
    manager: 'whitelistfirewall',
    file: '.slapos-whitelist-firewall.md5sum',
    hook: 'instanceTearDown',
    access: 'writes',
  },
  { manager: 'cgroup', file: '.slapos-cgroup', hook: 'instanceTearDown', access: 'writes' },
];

const PLANTS: Readonly<Record<Kind, (file: string, canary: string) => void>> = {
  link: (file, canary) => fs.symlinkSync(canary, file),
  'dangling link': (file, canary) => fs.symlinkSync(`${canary}-made-through-a-link`, file),
  'hard link': (file, canary) => fs.linkSync(canary, file),
  fifo: (file) => execFileSync('mkfifo', [file]),
  device: (file) => execFileSync('mknod', [file, 'c', '1', '5']),
  folder: (file) => fs.mkdirSync(file),
};

async function withFirewall(machine: Machine): Promise<string> {
  const file = machine.at('firewall-cmd');
  fs.writeFileSync(
    file,
    `#!/bin/sh\necho "$*" >> ${machine.at('calls')}\ncase "$*" in *--query*) echo no; exit 1;; esac\n`,
  );
  fs.chmodSync(file, 0o755);
  return file;
}

const cases = FILES.flatMap((entry) =>
  KINDS.map((kind) => [kind, entry.manager, entry.access, entry.file, entry.hook, entry] as const),
);

test.each(cases)('a %s in the place of what %s %s: %s (%s)', async (kind, _manager, _access, _file, _hook, entry) => {
  await using machine = await Machine.create();
  const canary = machine.at('canary');
  fs.writeFileSync(canary, CANARY, { mode: 0o640 });
  const before = fs.statSync(canary);
  machine.host = { ...machine.host, disks: new MemoryDisks({ blockDevices: [] }) };
  const partition = await machine.partition('slappart0', {
    owner: { uid: 4_000_000, gid: 4_000_000 },
    requestedState: entry.hook === 'report' ? 'destroyed' : 'started',
  });
  fs.mkdirSync(machine.at('slappart0/etc/prerm'), { recursive: true });
  fs.writeFileSync(machine.at('slappart0/etc/prerm/farewell'), '');
  if (entry.file.endsWith('.md5sum')) fs.writeFileSync(machine.at('slappart0/.slapos-whitelist-firewall'), CANARY);
  fs.mkdirSync(machine.at('cgroup/slapos/slappart0'), { recursive: true });
  fs.writeFileSync(machine.at('cgroup/cgroup.controllers'), 'memory');
  fs.mkdirSync(machine.at('cgroup/cpuset'), { recursive: true });
  const place = machine.at('slappart0', entry.file);
  PLANTS[kind](place, canary);

  const sections = new Map(
    [
      ['cgroup', { 'cgroup-root': machine.at('cgroup') }],
      ['cpuset', { 'cgroup-root': machine.at('cgroup') }],
      ['portredir', { socat: '/bin/true' }],
    ].map(([name, section]) => [name, section] as [string, Record<string, string>]),
  );
  const managers = await machine.load([entry.manager], {
    sections,
    powerUsers: ['tenant'],
    firewallCommand: [await withFirewall(machine)],
  });
  // It may refuse, in a way that names the cause; it may not wait, nor follow.
  await managers.run(entry.hook, partition).catch((error: unknown) => {
    if (!isSlapOSError(error)) throw error;
  });

  expect(fs.readFileSync(canary, 'utf8')).toBe(CANARY);
  const after = fs.statSync(canary);
  expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
  expect(fs.existsSync(`${canary}-made-through-a-link`)).toBe(false);
  // Nor is anything of the canary taken as a request of the partition.
  const calls = fs.existsSync(machine.at('calls')) ? fs.readFileSync(machine.at('calls'), 'utf8') : '';
  if (entry.access === 'reads' && kind === 'link') expect(calls).not.toContain('203.0.113.7');
  if (entry.access === 'writes' && kind !== 'folder')
    expect(fs.lstatSync(place).isFile(), path.basename(place)).toBe(true);
});
