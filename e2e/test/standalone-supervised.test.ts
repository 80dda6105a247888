import { chmod, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { SlapClient } from '@slapos/slap';
import { startStandalone } from '@slapos/standalone';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { processesOf } from './support/processes.js';
import { SLAPOS, WORKSPACE_ROOT } from './support/scratch-node.js';
import { waitFor } from './support/wait-for.js';

const USER = process.geteuid?.() === 0 ? 'nobody' : undefined;

let folder: string;
let release: string;

beforeAll(async () => {
  folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'supervised-')));
  await chmod(folder, 0o755);
  const tool = path.join(WORKSPACE_ROOT, 'tools/examples/install.mjs');
  release = (await execa(process.execPath, [tool, 'hello-web', folder])).stdout.trim();
  await writeFile(path.join(folder, 'slapos'), `#!/bin/sh\nexec ${process.execPath} ${SLAPOS} "$@"\n`);
  await chmod(path.join(folder, 'slapos'), 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** `etc/slapos.cfg` as the Python program writes it: its keys, its spellings, nothing of ours. */
function pythonConfiguration(directory: string, port: number): string {
  const at = (name: string) => path.join(directory, name);
  return `
[slapos]
software_root = ${at('soft')}
instance_root = ${at('inst')}
shared_part_list =
  ${at('shared')}
master_url = http://127.0.0.1:${port}
master_rest_url = http://127.0.0.1:${port}/hateoas
computer_id = local
root_check = False
pidfile_software = ${at('var/run/slapos-node-software.pid')}
pidfile_instance = ${at('var/run/slapos-node-instance.pid')}
pidfile_report = ${at('var/run/slapos-node-report.pid')}
forbid_supervisord_automatic_launch = true

[slapformat]
input_definition_file = ${at('etc/slapformat-definition.cfg')}
partition_amount = 2
alter_user = False
alter_network = False
create_tap = False
create_tun = False
computer_xml = ${at('etc/slapos.xml')}
partition_has_ipv6_range = False

[slapproxy]
host = 127.0.0.1
port = ${port}
database_uri = ${at('var/proxy.db')}
local_software_release_root = /
`;
}

test('a folder changes between our object and a supervisord that runs everything, and back', async () => {
  const directory = path.join(folder, 'n');
  const options = { directory, user: USER, slaposProgram: path.join(folder, 'slapos') };
  const { masterUrl } = await (async () => {
    await using node = await startStandalone({ ...options, format: 2 });
    return { masterUrl: node.masterUrl };
  })();
  const configuration = ['--configuration', path.join(directory, 'etc/supervisord.conf')];
  const supervisorctl = async (...words: string[]): Promise<string> =>
    (await execa('supervisorctl', [...configuration, ...words], { reject: false })).stdout;
  const ended = (program: string) =>
    waitFor(`${program} to end`, async () => /EXITED|FATAL/.test(await supervisorctl('status', program)));
  const log = (name: string) => readFile(path.join(directory, `var/log/slapos-node-${name}.log`), 'utf8');

  await execa('supervisord', configuration, { cwd: directory });
  const request = { softwareReleaseUrl: release, partitionReference: 'web', parameters: { greeting: 'Salut' } };
  let url = '';
  try {
    await waitFor('the mini-master', () =>
      fetch(masterUrl).then(
        () => true,
        () => false,
      ),
    );
    // Two masters on one database would tell different stories.
    await expect(startStandalone(options)).rejects.toMatchObject({
      code: 'STANDALONE_IN_USE',
      hint: expect.stringContaining('shutdown') as string,
    });
    await using client = new SlapClient({ masterUrl });
    await client.registerSupply().supply({ softwareReleaseUrl: release, computerId: 'local' });
    await client.registerOpenOrder().request(request);
    await supervisorctl('start', 'slapos-node-software');
    await ended('slapos-node-software');
    expect(await log('software')).toMatch(/software pass: 1 release .* 1 built/);
    await supervisorctl('start', 'slapos-node-auto'); // It begins with an instance pass.
    const answers = async (): Promise<boolean> => {
      const answer = await client.registerOpenOrder().request(request);
      const published = answer.isReady ? (await answer.getConnectionParameterDict())['url'] : undefined;
      url = typeof published === 'string' ? published : '';
      return (
        url !== '' &&
        (await fetch(url).then(
          () => true,
          () => false,
        ))
      );
    };
    await waitFor('the instance to answer', answers).catch(async (error: unknown) => {
      throw new Error(await log('instance'), { cause: error });
    });
    await ended('slapos-node-instance');
  } finally {
    await supervisorctl('shutdown');
    await waitFor('everything to end', async () => (await processesOf(directory)).length === 0);
  }

  // What is left is what the Python program leaves; its next owner is ours.
  const port = Number(new URL(masterUrl).port);
  await writeFile(path.join(directory, 'etc/slapos.cfg'), pythonConfiguration(directory, port));
  await using node = await startStandalone(options);
  expect(node.masterUrl).toBe(masterUrl);
  const instance = await node.request(request);
  expect(instance.partitionId).toBe('slappart0');
  await node.processInstances({ retries: 20, force: true });
  expect(await (await fetch(url)).text()).toContain('Salut from web');
  expect(await readFile(path.join(directory, 'etc/slapos.cfg'), 'utf8')).toContain('partition_amount = 2');
});
