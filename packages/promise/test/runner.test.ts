import { chownSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';

import { runPromisesCommand } from '../src/index.js';
import { TestPartition } from './support.js';

const partition = new TestPartition('cmd');
afterAll(() => partition[Symbol.asyncDispose]());
beforeEach(() => partition.reset());
afterEach(() => partition.clear());

async function run(...more: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  let stdout = '';
  let stderr = '';
  const inside = (place: string): string => path.join(partition.path, place);
  const status = await runPromisesCommand(
    [
      ...['--promise-folder', inside('etc/plugin'), '--legacy-promise-folder', inside('etc/promise')],
      ...[
        '--promise-timeout',
        '20',
        '--partition-folder',
        partition.path,
        '--log-folder',
        inside('.slapgrid/promise/log'),
      ],
      ...['--force', '--partition-cert', 'None', '--partition-key', 'None'],
      ...['--partition-id', 'slappart0', '--computer-id', 'COMP-1', ...more],
    ],
    {
      stdout: (text) => void (stdout += text),
      stderr: (text) => void (stderr += text),
      environment: process.env,
    },
  );
  return { status, stdout, stderr };
}

test('says nothing on stderr when all pass', async () => {
  partition.add('promise', 'check', '#!/bin/sh\necho fine\n');
  expect(await run('--master-url', 'None')).toEqual({
    status: 0,
    stdout: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d slapos\[\d+\] INFO fine promise=check\n$/) as string,
    stderr: '',
  });
});

test('a failure has status 2, and its text alone is on stderr', async () => {
  partition.add('promise', "it's", '#!/bin/sh\necho "no answer"\nexit 1\n');
  partition.add('promise', 'other', '#!/bin/sh\nexit 1\n');
  expect(await run()).toMatchObject({
    status: 2,
    stderr: 'Promise "it\'s" failed with output: no answer',
  });
});

test('an anomaly bangs at the master that it is told', async () => {
  const posted: string[] = [];
  const server = http.createServer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (part: string) => void (body += part));
    request.on('end', () => {
      posted.push(`${request.url ?? ''} ${body}`);
      response.end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  try {
    partition.add('plugin', 'state.json', JSON.stringify({ check: 'file', path: 'var' }));
    const { port } = server.address() as AddressInfo;
    expect(await run('--check-anomaly', '--master-url', `http://127.0.0.1:${String(port)}`)).toMatchObject({
      status: 2,
    });
    expect(posted).toEqual([
      '/softwareInstanceBang computer_id=COMP-1&computer_partition_id=slappart0&message=Promise+state+is+failing',
    ]);
    expect(readFileSync(partition.state('log', 'state.log'), 'utf8')).toContain('INFO');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test.each([
  [['--no-such-option'], '--no-such-option'],
  [['--promise-folder', '/elsewhere'], 'expected'],
  [['--promise-timeout', 'soon'], '"soon" is not a number of seconds'],
  [['--partition-folder', 'None'], '--partition-folder is missing'],
])('%j has status 1 and says what is wrong', async (more, problem) => {
  expect(await run(...more)).toMatchObject({ status: 1, stderr: expect.stringContaining(problem) as string });
});

test.runIf(partition.user !== undefined)('as root, a partition of root is refused', async () => {
  chownSync(partition.path, 0, 0);
  expect(await run()).toMatchObject({ status: 1, stderr: expect.stringContaining('belongs to uid 0') as string });
});
