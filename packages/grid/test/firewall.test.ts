import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

import type { Command } from '@slapos/host';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { ruleText, parseRule, softwareReleasePath } from '../src/index.js';
import { Harness } from './support/harness.js';
import { MemorySupervisor } from './support/memory-supervisor.js';

const RELEASE_URL = 'https://example.org/software.cfg';
const OWN = '10.0.0.2';

let harness: Harness;
let directory: string;
/** What firewalld has, as add-rule texts. */
let rules: Set<string>;
let reloads: number;
/** Makes the next change fail. */
let broken: boolean;
beforeEach(async () => {
  harness = await Harness.create();
  directory = await harness.node.addPartition('slappart0');
  const release = softwareReleasePath(harness.node.softwareRoot, RELEASE_URL);
  await mkdir(path.join(release, 'bin'), { recursive: true });
  await writeFile(path.join(release, 'instance.cfg'), '[buildout]\nparts =\n');
  await writeFile(path.join(release, 'bin/buildout'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  rules = new Set();
  reloads = 0;
  broken = false;
  const { commands } = harness.host;
  harness.ports = {
    ...harness.ports,
    supervisor: new MemorySupervisor(),
    host: {
      ...harness.host,
      commands: { run: async (command, options) => firewalld(command) ?? commands.run(command, options) },
    },
  };
  harness.master.hostingIpAddresses.set('slappart0', [
    ['route_x', OWN],
    ['eth0', '10.0.0.3'],
    ['eth0', '2001:db8::3'],
  ]);
});
afterEach(() => harness[Symbol.asyncDispose]());

/** firewalld as far as the agent talks to it. */
function firewalld({ file, args }: Command): ReturnType<Harness['host']['commands']['run']> | undefined {
  const answer = (output: string, exitCode: number): ReturnType<Harness['host']['commands']['run']> =>
    Promise.resolve({ output, exitCode, signal: null, stderr: '', timedOut: false, durationMs: 0 });
  if (file === 'reload-firewall') {
    reloads += 1;
    return answer('', 0);
  }
  if (file !== 'firewall-cmd') return undefined;
  const text = args.map((word) => word.replace(/^--(?:query|remove)-rule$/, '--add-rule')).join(' ');
  expect(parseRule(text)).toBeDefined();
  if (args.includes('--query-rule')) return rules.has(text) ? answer('yes\n', 0) : answer('no\n', 1);
  if (broken) return answer('Error: COMMAND_FAILED', 13);
  if (args.includes('--add-rule')) rules.add(text);
  else rules.delete(text);
  return answer('success\n', 0);
}

function run(
  state: string,
  timestamp: string,
  filter: Record<string, unknown> = {},
): ReturnType<Harness['runInstance']> {
  harness.request({
    partitionId: 'slappart0',
    softwareReleaseUrl: RELEASE_URL,
    requestedState: state,
    timestamp,
    filter,
    fullIpList: [['route_x', OWN, '', '', '']],
  });
  return harness.runInstance({
    firewall: { reloadCommand: ['reload-firewall'], authorizedSources: ['192.168.1.1', 'nonsense'] },
  });
}

function accepted(): string[] {
  return [...rules].filter((rule) => rule.includes('INPUT 0 ')).map((rule) => rule.split(' ')[8] ?? '');
}

test('rules follow the instance, and go with it', async () => {
  expect(await run('started', '1')).toMatchObject({ outcome: 'success' });
  expect(accepted()).toEqual(['10.0.0.3', '192.168.1.1']);
  expect([rules.size, reloads]).toEqual([8, 1]);

  await run('started', '2');
  expect(reloads).toBe(1); // nothing changed

  await run('stopped', '3', { fw_authorized_sources: '10.7.0.0/16 10.8.0.1' });
  expect(accepted().sort()).toEqual(['10.0.0.3', '10.7.0.0/16', '10.8.0.1', '192.168.1.1']);

  await run('started', '4', { fw_restricted_access: 'off', fw_rejected_sources: '10.9.0.1' });
  expect([...rules].filter((rule) => rule.endsWith('REJECT'))).toHaveLength(4);

  await run('destroyed', '5');
  expect([...rules]).toEqual([]);
  const state = path.join(harness.node.instanceRoot, 'var/lib/firewall/slappart0.json');
  expect(await readFile(state, 'utf8')).toBe('[]');
});

test('a change that firewalld refuses fails the partition, and the next pass makes it good with its reload', async () => {
  broken = true;
  expect(await run('started', '1')).toMatchObject({
    outcome: 'failure',
    items: [{ error: { code: 'GRID_FIREWALL_FAILED' } }],
  });
  broken = false;
  expect(await run('started', '1')).toMatchObject({ outcome: 'success' });
  expect([rules.size, reloads]).toEqual([8, 1]);
});

test('of the former agent’s file only rules about the partition’s own addresses are believed', async () => {
  const own = ruleText({
    family: 'ipv4',
    chain: 'INPUT',
    priority: 0,
    source: '10.1.1.1',
    destination: OWN,
    action: 'ACCEPT',
  });
  const foreign = own.replace(`-d ${OWN}`, '-d 10.0.0.99');
  rules.add(own);
  rules.add(foreign);
  const hostile = ['; touch /tmp/x', '--reload', `${own}; id`, foreign, own];
  await writeFile(path.join(directory, '.slapos-firewalld-rules'), JSON.stringify(hostile));
  await run('destroyed', '1');
  expect([...rules]).toEqual([foreign]);
});
