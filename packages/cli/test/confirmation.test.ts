import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runOnTerminal, runSlapos } from './support/run-slapos.js';

const RELEASE = 'https://example.org/software.cfg';
const MEBIBYTE = 1_048_576;

let folder: string;
let proxy: Proxy;
let config: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-confirmation-'));
  proxy = await createProxy({ computerId: 'local' });
  await proxy.seed({
    computers: { local: { partitions: 1 } },
    software: [{ softwareReleaseUrl: RELEASE }],
    instances: [{ partitionReference: 'web', softwareReleaseUrl: RELEASE }],
  });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  config = path.join(folder, 'slapos.cfg');
  const keys = {
    computer_id: 'local',
    master_url: url,
    software_root: path.join(folder, 'software'),
    instance_root: path.join(folder, 'instances'),
    shared_part_list: path.join(folder, 'shared'),
    pidfile_software: path.join(folder, 'software.pid'),
  };
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${value}\n`);
  await writeFile(config, `[slapos]\n${lines.join('')}`);
  await mkdir(path.join(folder, 'instances'));
});

afterEach(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

/** A folder that takes a little more than three mebibytes. */
async function fill(name: string): Promise<string> {
  const filled = path.join(folder, name);
  await mkdir(filled, { recursive: true });
  await writeFile(path.join(filled, 'content'), Buffer.alloc(3 * MEBIBYTE, 'x'));
  return filled;
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

describe('slapos remove', () => {
  const words = ['remove', RELEASE, 'local'];
  const env = () => ({ SLAPOS_CONFIGURATION: config, SLAPOS_CLIENT_CONFIGURATION: config });
  async function requestedState(): Promise<string | undefined> {
    await using client = await proxy.client();
    const releases = await client.registerComputer('local').getSoftwareReleaseList();
    return releases[0]?.getState();
  }

  it('says on a terminal what goes away and who uses it, and removes nothing without a yes', async () => {
    const release = await fill(`software/${createHash('md5').update(RELEASE).digest('hex')}`);
    const refused = await runOnTerminal(words, { input: '\n', env: env() });
    expect(refused.output).toContain(`This removes ${RELEASE} from local: 3.0 MiB in ${release}.`);
    expect(refused.output).toContain('Your instances of it cannot be processed without it: web.');
    expect(refused.output).toContain('Nothing was removed.');
    expect(refused.exitCode).toBe(1);
    expect(await requestedState()).toBe('available');
    const agreed = await runOnTerminal(words, { input: 'y\n', env: env() });
    expect(agreed.output).toContain('Done.');
    expect(agreed.exitCode).toBe(0);
    expect(await requestedState()).toBe('destroyed');
  });

  it('asks nobody with --yes, or where nobody is', async () => {
    const agreed = await runOnTerminal([...words, '--yes'], { env: env() });
    expect(agreed.output).not.toContain('Go on?');
    expect(agreed.exitCode).toBe(0);
    expect((await runSlapos(words, { env: env() })).exitCode).toBe(0);
  });
});

describe('slapos destroy', () => {
  it('says on a terminal what goes away on this machine, and destroys nothing without the name', async () => {
    await fill('instances/slappart0');
    await mkdir(path.join(folder, 'instances/var/lib/grid'), { recursive: true });
    const target = [{ partitionId: 'slappart0', softwareReleaseUrl: RELEASE, instanceTitle: 'web' }];
    await writeFile(path.join(folder, 'instances/var/lib/grid/last-target.json'), JSON.stringify(target));
    const env = { SLAPOS_CONFIGURATION: config, SLAPOS_CLIENT_CONFIGURATION: config };
    const refused = await runOnTerminal(['destroy', 'web'], { input: 'yes\n', env });
    expect(refused.output).toContain(
      `an instance of ${RELEASE}, with all its data; on this machine: 3.0 MiB in slappart0.`,
    );
    expect(refused.output).toContain('"yes" is not its name, so nothing is destroyed.');
    expect(refused.exitCode).toBe(1);
    expect(await runOnTerminal(['destroy', 'web'], { input: 'web\n', env })).toMatchObject({ exitCode: 0 });
  });
});

describe('slapos node prune', () => {
  it('says on a terminal what goes away, and removes nothing without a yes', async () => {
    const part = await fill('shared/zlib/0123');
    const refused = await runOnTerminal(['node', 'prune', '--cfg', config], { input: 'n\n' });
    expect(refused.output).toContain(`3.0 MiB  ${part}`);
    expect(refused.output).toContain('Remove this shared part, 3.0 MiB? [y/N]');
    expect(refused).toMatchObject({ exitCode: 0 });
    expect(await isThere(part)).toBe(true);
    expect(await runOnTerminal(['node', 'prune', '--cfg', config], { input: 'yes\n' })).toMatchObject({ exitCode: 0 });
    expect(await isThere(part)).toBe(false);
  });
});
