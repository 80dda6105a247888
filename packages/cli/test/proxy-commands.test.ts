import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createProxy, type Proxy } from '@slapos/proxy';
import { SlapClient } from '@slapos/slap';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { messages, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const RELEASE = 'https://sr.example/erp5/software.cfg';

let folder: string;
let proxy: Proxy;
const at = (name: string): string => path.join(folder, name);
const slapos = (...words: string[]) => runSlapos([...words, '--cfg', at('slapos.cfg')]);

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
  proxy = await createProxy({ databasePath: at('proxy.db'), computerId: 'COMP-1' });
  const { url, port } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  await writeFile(
    at('slapos.cfg'),
    `[slapos]\ncomputer_id = COMP-1\n[slapproxy]\nport = ${port}\ndatabase_uri = ${at('proxy.db')}\n`,
  );
  await proxy.seed({
    computers: { 'COMP-1': { partitions: 5 } },
    software: [{ softwareReleaseUrl: RELEASE }],
    instances: [
      { partitionReference: 'web', softwareReleaseUrl: RELEASE },
      { partitionReference: 'lone', softwareReleaseUrl: RELEASE, requestedState: 'stopped' },
    ],
  });
  await using client = new SlapClient({ masterUrl: url });
  const web = client.registerComputerPartition('COMP-1', 'slappart0');
  await web.request({ softwareReleaseUrl: RELEASE, partitionReference: 'caucase' });
  await web.request({ softwareReleaseUrl: RELEASE, partitionReference: 'zope-backend', state: 'stopped' });
});
afterAll(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

describe('slapos proxy ls', () => {
  it('shows the instances as trees', async () => {
    const { exitCode, stdout } = await slapos('proxy', 'ls');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(
      [
        `web (slappart0, started) ${RELEASE}`,
        '├─ caucase       slappart2  started',
        '└─ zope-backend  slappart3  stopped',
        `lone (slappart1, stopped) ${RELEASE}`,
        '',
      ].join('\n'),
    );
  });

  it('lists them for programs', async () => {
    const { stdout } = await slapos('proxy', 'ls', '--json');
    const { kind, items } = JSON.parse(stdout) as { kind: string; items: unknown[] };
    expect(kind).toBe('ProxyInstances');
    expect(items[2]).toEqual({
      name: 'zope-backend',
      root: 'web',
      partition: 'slappart3',
      computer: 'COMP-1',
      state: 'stopped',
      softwareUrl: RELEASE,
      softwareType: 'default',
    });
  });
});

describe('slapos proxy show', () => {
  it('is a table with the real names of the columns', async () => {
    const { stdout } = await slapos(
      'proxy',
      'show',
      '--partitions',
      '--columns',
      'partition_reference,requested_state',
    );
    expect(stdout.split('\n').slice(0, 3)).toEqual([
      'PARTITION_REFERENCE  REQUESTED_STATE',
      'web                  started',
      'lone                 stopped',
    ]);
    const two = await slapos('proxy', 'show', '--computers', '--network', '--output', 'table');
    expect(two.stdout).toMatch(/^computers\nREFERENCE {2}ADDRESS {4}NETMASK\n.*\n\nnetwork\nREFERENCE /);
    const unclear = await slapos('proxy', 'show', '--columns', 'reference');
    expect(unclear).toMatchObject({ exitCode: 2, stdout: '' });
    expect(messages(unclear.stderr)).toContain('Name it, such as --partitions.');
  });

  it('follows what changes', async () => {
    await using followed = await createProxy({ databasePath: at('followed.db'), computerId: 'COMP-1' });
    await followed.seed({ software: [{ softwareReleaseUrl: RELEASE }] });
    const words = [
      'proxy',
      'show',
      '-u',
      at('followed.db'),
      '--software',
      '--follow',
      '--json',
      '--cfg',
      at('slapos.cfg'),
    ];
    const child = spawn(process.execPath, [SLAPOS_BIN, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const urls = async () => {
      const { software } = JSON.parse((await lines.next()).value as string) as { software: { url: string }[] };
      return software.map(({ url }) => url);
    };
    expect(await urls()).toEqual([RELEASE]);
    await followed.seed({ software: [{ softwareReleaseUrl: 'https://sr.example/new.cfg' }] });
    expect(await urls()).toEqual([RELEASE, 'https://sr.example/new.cfg']);
    child.kill('SIGTERM');
    await once(child, 'exit');
  });
});

describe('slapos proxy export and import', () => {
  it('carry everything to another database', async () => {
    const exported = await slapos('proxy', 'export', at('master.yaml'));
    expect(exported.exitCode).toBe(0);
    expect(messages(exported.stderr)).toBe(
      `Wrote ${at('master.yaml')}: 1 computer, 1 supply, 5 partitions, 4 of them in use.\n`,
    );
    expect(statSync(at('master.yaml')).mode & 0o777).toBe(0o600);
    const document = parse(readFileSync(at('master.yaml'), 'utf8')) as Record<string, unknown>;
    expect(document).toMatchObject({ apiVersion: 'slapos.proxy/1', tables: { software: [{ url: RELEASE }] } });

    const imported = await slapos('proxy', 'import', at('master.yaml'), '-u', at('other.db'));
    expect(messages(imported.stderr)).toBe(
      `${at('other.db')} now holds 1 computer, 1 supply, 5 partitions, 4 of them in use.\n`,
    );
    expect((await slapos('proxy', 'ls', '-u', at('other.db'))).stdout).toBe((await slapos('proxy', 'ls')).stdout);

    const again = await slapos('proxy', 'import', at('master.yaml'), '-u', at('other.db'));
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain('The database is not empty (computers: 1, partitions: 5)');
    expect((await slapos('proxy', 'import', at('master.yaml'), '-u', at('other.db'), '--replace')).exitCode).toBe(0);
  });

  it('go through pipes', async () => {
    const { stdout } = await slapos('proxy', 'export', '-');
    const words = ['proxy', 'import', '-', '-u', at('piped.db'), '--cfg', at('slapos.cfg')];
    expect((await runSlapos(words, { input: stdout })).exitCode).toBe(0);
    expect((await slapos('proxy', 'ls', '-u', at('piped.db'))).stdout).toContain('caucase');
  });

  it.each([
    ['no: [', 'cannot be read'],
    ['apiVersion: slapos.proxy/9', 'expected slapos.proxy/1'],
  ])('refuse %s, and make nothing', async (content, says) => {
    await writeFile(at('bad.yaml'), content);
    const { exitCode, stderr } = await slapos('proxy', 'import', at('bad.yaml'), '-u', at('none.db'));
    expect(exitCode).toBe(1);
    expect(stderr).toContain(says);
    expect(existsSync(at('none.db'))).toBe(false);
  });
});

describe('slapos proxy panel', () => {
  const configuration = () => readFileSync(at('slapos.cfg'), 'utf8');

  it('prints the address, and opens it in the browser that is named', async () => {
    const port = /port = (\d+)/.exec(configuration())?.[1];
    const url = `http://127.0.0.1:${port}/panel/`;
    expect(await slapos('proxy', 'panel')).toEqual({ exitCode: 0, stdout: `${url}\n`, stderr: '' });
    const opened = await runSlapos(['proxy', 'panel', '--open', '--cfg', at('slapos.cfg')], {
      env: { BROWSER: 'echo opened' },
    });
    expect(opened.stdout).toBe(`${url}\nopened ${url}\n`);
    const failed = await runSlapos(['proxy', 'panel', '--open', '--cfg', at('slapos.cfg')], {
      env: { BROWSER: 'absent-browser' },
    });
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toContain('absent-browser is not there: no browser was opened.');
  });

  it('says that nobody is there, and that there is none', async () => {
    const silent = configuration().replace(/port = \d+/, 'host = ::\nport = 1\ntls = true');
    await writeFile(at('silent.cfg'), silent);
    const { stdout, stderr } = await runSlapos(['proxy', 'panel', '--cfg', at('silent.cfg')]);
    expect(stdout).toBe('https://[::1]:1/panel/\n');
    expect(stderr).toContain('slapos proxy start starts the mini-master');
    await writeFile(at('off.cfg'), `${configuration()}panel = false\n`);
    const off = await runSlapos(['proxy', 'panel', '--cfg', at('off.cfg')]);
    expect(off.exitCode).toBe(1);
    expect(off.stderr).toContain('switched off');
  });
});
