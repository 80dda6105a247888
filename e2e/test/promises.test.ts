import { once } from 'node:events';
import { execa } from 'execa';
import { expect, test } from 'vitest';
import { ScratchNode, SLAPOS } from './support/scratch-node.js';

interface ResultList {
  readonly kind: string;
  readonly items: readonly { partition: string; promise: string; ok: boolean; time?: string; message: string }[];
}

test('promises are shown as a document, watched, and asked for their past', async () => {
  await using node = await ScratchNode.createReady({ slapos: 'promise_history = true' });
  await node.expectSuccess('request', 'healthy', await node.buildRelease());
  await node.expectSuccess('node', 'instance');

  const document = JSON.parse(await node.expectSuccess('node', 'promise', '--json')) as ResultList;
  expect(document).toMatchObject({ apiVersion: 'slapos.cli/1', kind: 'PromiseResults', outcome: 'success' });
  expect(document.items).toHaveLength(1);
  expect(document.items[0]).toMatchObject({ partition: 'slappart0', ok: true });
  const promise = document.items[0]?.promise ?? '';

  await node.expectSuccess('node', 'stop', 'slappart0:*');
  const failed = await node.slapos('node', 'promise', '--output', 'table');
  expect(failed.exitCode).toBe(2);
  expect(failed.stdout).toMatch(/^PARTITION +PROMISE +STATE +SECONDS +MESSAGE\nslappart0 +\S+ +FAILED /);

  const history = JSON.parse(await node.expectSuccess('node', 'promise', '--history', '--json')) as ResultList;
  // Runs of one second that say the same are kept as one.
  const [latest, ...earlier] = history.items.map(({ ok }) => ok);
  expect(latest).toBe(false);
  expect(new Set(earlier)).toEqual(new Set([true]));
  expect(history.items[0]).toMatchObject({ partition: 'slappart0', executionMs: expect.any(Number) as number });
  expect(await node.expectSuccess('node', 'promise', '--history', '--limit', '1')).toMatch(/ FAILED /);
  const nobody = await node.slapos('node', 'promise', '--history', '--only-cp', 'slappart7');
  expect(nobody).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('no promise has run in slappart7') as string,
  });

  // Watched in a pipe: a block for each change, until it is told to stop.
  const watching = execa(
    process.execPath,
    [SLAPOS, 'node', 'promise', '--watch', '--interval', '1', '--cfg', node.at('slapos.cfg')],
    { reject: false, stdin: 'ignore', stderr: 'ignore' },
  );
  const blocks: string[] = [];
  watching.stdout.setEncoding('utf8').on('data', (text: string) => blocks.push(text));
  while (!blocks.join('').includes('FAILED')) await once(watching.stdout, 'data');
  await node.expectSuccess('node', 'start', 'slappart0:*');
  while (!blocks.join('').includes(' ok ')) await once(watching.stdout, 'data');
  watching.kill('SIGTERM');
  await watching;
  expect(blocks.join('')).toContain(promise);
});
