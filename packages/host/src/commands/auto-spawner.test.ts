import { expect, test } from 'vitest';

import { AutoSpawner } from './auto-spawner.js';
import type { SpawnedProcess, Spawner, SpawnRequest } from './spawner.js';

const MEGABYTE = 1024 * 1024;
const request: SpawnRequest = {
  file: '/bin/true',
  args: [],
  cwd: '/',
  env: {},
  inheritTerminal: false,
  dieWithUs: false,
};

class NamedSpawner implements Spawner, AsyncDisposable {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  spawn(): Promise<SpawnedProcess> {
    return Promise.reject(new Error(this.#name));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

test.each([
  ['small', {}, {}, 'direct'],
  ['large', { residentBytes: () => 500 * MEGABYTE }, {}, 'helper'],
  ['with inherited descriptors', { inherited: () => [20] }, {}, 'helper'],
  ['that must not be outlived', {}, { dieWithUs: true }, 'helper'],
  ['large, with the terminal', { residentBytes: () => 500 * MEGABYTE }, { inheritTerminal: true }, 'direct'],
])('a process %s', async (_, options, change, wanted) => {
  const spawner = new AutoSpawner({
    direct: new NamedSpawner('direct'),
    helper: new NamedSpawner('helper'),
    residentBytes: () => 50 * MEGABYTE,
    inherited: () => [],
    ...options,
  });
  await expect(spawner.spawn({ ...request, ...change }, { onOutput() {} })).rejects.toThrow(wanted);
});
