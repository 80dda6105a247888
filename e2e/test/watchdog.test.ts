import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { isAlive, ScratchNode } from './support/scratch-node.js';
import { waitFor } from './support/wait-for.js';

const SERVICE = 'slappart0:hello-server-on-watch';

async function pidOf(node: ScratchNode, program: string): Promise<number> {
  return Number(await node.expectSuccess('node', 'supervisorctl', 'pid', program));
}

test('a service that is killed bangs its partition, and the next pass starts it again', async () => {
  await using node = await ScratchNode.createReady();
  const url = await node.buildRelease();
  await node.expectSuccess('request', 'watched', url);
  await node.expectSuccess('node', 'instance');
  // Started with the supervisor, it counts as running only some seconds later.
  await waitFor('the watchdog to run', async () =>
    /^watchdog\s+RUNNING/m.test((await node.slapos('node', 'status')).stdout),
  );

  const pid = await pidOf(node, SERVICE);
  process.kill(pid, 'SIGKILL');
  const record = node.at('inst/slappart0/.slapos_latest_bang_timestamp');
  await waitFor('the watchdog to bang', async () => (await readFile(record, 'utf8').catch(() => '')) !== '');
  expect(await isAlive(pid)).toBe(false);

  // The bang gave the partition a new timestamp at the master, so an ordinary pass processes it.
  const plan = await node.expectSuccess('node', 'instance', '--dry-run');
  expect(plan).toMatch(/! process\s+slappart0/);
  await node.expectSuccess('node', 'instance');
  expect(await pidOf(node, SERVICE)).not.toBe(pid);
  expect(await node.expectSuccess('node', 'status')).toMatch(/^slappart0:hello-server-on-watch\s+RUNNING/m);
});
