import { existsSync } from 'node:fs';
import path from 'node:path';

import { isProcessAlive } from '@slapos/host';
import { expect, test } from 'vitest';

import { findFreeTCPPort, SlapOSNodeCommandError, StandaloneSlapOS } from '../src/compat.js';
import { createScriptedBuilder, startStandalone } from '../src/index.js';
import { scratchFolder } from './support/scratch-folder.js';
import { ORDINARY_USER } from './support/user.js';
import { WEB, webRelease } from './support/web-release.js';

test('a suite that knows the Python names finds them', async () => {
  await using scratch = await scratchFolder();
  const port = await findFreeTCPPort('127.0.0.1');
  const base = path.join(scratch.path, 'n');
  const builder = createScriptedBuilder({ [WEB]: webRelease });
  await using standalone = await StandaloneSlapOS.open(base, '127.0.0.1', port, {
    ...ORDINARY_USER,
    builder,
    computer_id: 'COMP-7',
    shared_part_root: path.join(base, 'parts'),
  });
  expect(standalone.node.masterUrl).toBe(`http://127.0.0.1:${port}`);
  expect(standalone.shared_directory).toBe(path.join(base, 'parts'));
  await standalone.format(1, '127.0.0.1', '::1', 'p');
  expect(existsSync(path.join(standalone.instance_directory, 'p0'))).toBe(true);
  await expect(standalone.supply(WEB, 'COMP-8')).rejects.toThrow('Can only supply on embedded computer');
  await standalone.supply(WEB, 'COMP-7');
  await standalone.waitForSoftware({ max_retry: 1, install_all: true });
  const wanted = { software_release: WEB, partition_reference: 'web', partition_parameter_kw: { text: 'salut' } };
  const filtered = standalone.request({ ...wanted, filter_kw: { computer_guid: 'COMP-7' } });
  await expect(filtered).rejects.toThrow('Can only request on embedded computer');
  await standalone.request(wanted);
  await standalone.waitForInstance({ max_retry: 50 });
  const { url } = await (await standalone.request(wanted)).getConnectionParameterDict();
  expect(await (await fetch(String(url))).text()).toBe('salut');
  expect(await standalone.instance_supervisor_rpc.isRunning()).toBe(true);

  await standalone.request({ ...wanted, state: 'destroyed' });
  await standalone.waitForInstance({ max_retry: 5 });
  await standalone.waitForReport();
  await standalone.supply('https://sr.example/nothing/software.cfg');
  const failure = await standalone.waitForSoftware({ error_lines: 3 }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(SlapOSNodeCommandError);
  expect(failure).toMatchObject({ code: 'STANDALONE_SOFTWARE_FAILED', exitStatus: 1, attempts: 1 });
  await standalone.stop(60);
  await standalone.start();
  expect((await standalone.computer.fetchInformation()).partitions).toHaveLength(1);
});

test('a stop that takes too long names what goes on running', async () => {
  const deaf = `trap '' TERM; while :; do sleep 1; done`;
  const builder = createScriptedBuilder({
    [WEB]: { instantiate: async ({ service }) => service('deaf', ['/bin/sh', '-c', deaf]) },
  });
  const node = await startStandalone({ ...ORDINARY_USER, builder, format: 1 });
  let pid = 0;
  try {
    await node.supply(WEB);
    await node.buildSoftware();
    const instance = await node.request({ softwareReleaseUrl: WEB, partitionReference: 'deaf' });
    await node.processInstances();
    pid = (await instance.services())[0]?.pid ?? 0;
    expect(isProcessAlive(pid)).toBe(true);
    await expect(node.stop({ timeoutMs: 300 })).rejects.toMatchObject({
      code: 'STANDALONE_STILL_RUNNING',
      message: expect.stringMatching(`deaf.* \\(pid ${pid}\\)`) as string,
    });
    expect(node.isRunning).toBe(false);
  } finally {
    if (pid > 0) process.kill(pid, 'SIGKILL');
    // The supervisor ends with the last of its processes, although nobody waits for it.
    await expect.poll(() => node.services.isRunning(), { timeout: 60_000 }).toBe(false);
    await node[Symbol.asyncDispose]();
  }
});
