import { expect, test } from 'vitest';
import { ScratchNode } from './support/scratch-node.js';
import { waitFor } from './support/wait-for.js';
import { without } from './support/without.js';

const isRoot = process.geteuid?.() === 0;
const SUPERVISORD = ['/usr/bin/supervisord', '/usr/bin/supervisorctl'];
const SERVICE = 'slappart0:hello-server-on-watch';
const RUNS = /^slappart0:hello-server-on-watch\s+RUNNING/m;

async function pageOf(node: ScratchNode, name: string): Promise<string> {
  const info = JSON.parse(await node.expectSuccess('service', 'info', name)) as {
    'connection-parameters': { url: string };
  };
  return await (await fetch(info['connection-parameters'].url)).text();
}

test('a node with the embedded supervisor runs services, and the stock supervisorctl works with it', async () => {
  await using node = await ScratchNode.createReady({ slapos: 'supervisor = embedded' });
  await node.expectSuccess('request', 'small', await node.buildRelease());
  await node.expectSuccess('node', 'instance');
  expect(await node.expectSuccess('node', 'supervisorctl', 'version')).toMatch(/^\d/);
  await waitFor('the service to run', async () => RUNS.test((await node.slapos('node', 'status')).stdout));
  expect(await pageOf(node, 'small')).toContain('Hello from small');
  const pid = await node.expectSuccess('node', 'supervisorctl', 'pid', SERVICE);
  await node.expectSuccess('node', 'restart', SERVICE);
  expect(await node.expectSuccess('node', 'supervisorctl', 'pid', SERVICE)).not.toBe(pid);
});

test.runIf(isRoot)('a machine without supervisord has the embedded supervisor and its own supervisorctl', async () => {
  await using node = await ScratchNode.createReady();
  await node.expectSuccess('request', 'bare', await node.buildRelease());
  const pass = await without(node, SUPERVISORD, ['node', 'instance']);
  expect(pass).toMatchObject({ exitCode: 0 });
  expect(pass.stderr).toContain('supervisord is not installed: the embedded supervisor is started');
  await waitFor('the service to run', async () =>
    RUNS.test((await without(node, SUPERVISORD, ['node', 'status'])).stdout),
  );
  expect(await pageOf(node, 'bare')).toContain('Hello from bare');
  const stopped = await without(node, SUPERVISORD, ['node', 'stop', 'slappart0:*']);
  expect(stopped).toMatchObject({ exitCode: 0, stdout: `${SERVICE}: stopped` });
  // The prompt of the console, with the end of the input at once.
  const console = await without(node, SUPERVISORD, ['node', 'supervisorctl']);
  expect(console.stdout).toMatch(/^slappart0:hello-server-on-watch\s+STOPPED[\s\S]*supervisor> /m);
});
