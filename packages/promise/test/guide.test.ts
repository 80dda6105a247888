import { readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { TestPartition } from './support.js';

const SLOW_TEST_TIMEOUT_MS = 120_000;
const GUIDE = path.resolve(import.meta.dirname, '../../../docs/promises.md');
const EXAMPLE = /^```\w+ etc\/(plugin|promise)\/(\S+)\n([\s\S]*?)^```$/gm;
const partition = new TestPartition('guid');
afterAll(() => partition[Symbol.asyncDispose]());

test(
  'the examples of the guide do what it says',
  async () => {
    const server = http.createServer((_, response) => response.end('hello world'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as AddressInfo;
    try {
      partition.reset();
      for (const [, kind, name = '', text = ''] of readFileSync(GUIDE, 'utf8').matchAll(EXAMPLE)) {
        partition.add(kind === 'promise' ? 'promise' : 'plugin', name, text.replace(':8080/', `:${String(port)}/`));
      }
      const { results } = await partition.run();
      expect(Object.fromEntries(results.map(({ name, failed, message }) => [name, [failed, message]]))).toEqual({
        'answer.py': [false, 'the answer is 42'],
        'enough-space.json': [false, expect.stringContaining('% free')],
        'queue.mjs': [false, '12 messages wait'],
        'web-answers.json': [false, `GET http://127.0.0.1:${String(port)}/: status 200`],
        'has-configuration': [false, 'the configuration is there'],
      });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  },
  SLOW_TEST_TIMEOUT_MS,
);
