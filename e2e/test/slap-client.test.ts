import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createProxy } from '@slapos/proxy';
import { SlapClient } from '@slapos/slap';
import { execa } from 'execa';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { importReadmeExamples } from '../../config/readme.js';

const SLAP_FOLDER = join(import.meta.dirname, '../../packages/slap');
const COMPUTER = 'COMP-1234';

async function startProxy() {
  const proxy = await createProxy({ computerId: COMPUTER });
  await proxy.seed({ computers: { [COMPUTER]: { partitions: 3 } } });
  const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
  return { proxy, url, [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() };
}

describe('the client library against a real mini-master', () => {
  test('the examples of its README', async () => {
    await using master = await startProxy();
    const examples = Object.assign({}, ...(await importReadmeExamples(SLAP_FOLDER))) as Record<
      string,
      (...args: unknown[]) => unknown
    >;
    expect(await examples['requestWeb']!(master.url)).toBe('slappart0 is started');
    expect(await examples['reportEverythingStarted']!(master.url, COMPUTER)).toEqual([
      'slappart0: https://sr.example/web/software.cfg',
    ]);
    await using client = new SlapClient({ masterUrl: master.url });
    const partition = client.registerComputerPartition(COMPUTER, 'slappart0');
    expect(await partition.getConnectionParameterDict()).toEqual({ url: 'http://slappart0.example/' });
  });

  test('what is not changed is not sent again, and what is free is not an error', async () => {
    await using master = await startProxy();
    await using client = new SlapClient({ masterUrl: master.url });
    const computer = client.registerComputer(COMPUTER);
    const first = await computer.fetchInformation();
    expect(first.partitions.map(({ partitionId }) => partitionId)).toEqual(['slappart0', 'slappart1', 'slappart2']);
    expect(await computer.fetchInformation()).toEqual(first);
    await expect(client.registerComputerPartition(COMPUTER, 'slappart1').getSoftwareRelease()).rejects.toMatchObject({
      code: 'SLAP_NOT_FOUND',
    });
  });

  test('the navigator finds what was requested', async () => {
    await using master = await startProxy();
    await using client = new SlapClient({
      masterUrl: master.url,
      masterRestUrl: `${master.url.replace(/\/$/, '')}/hateoas`,
    });
    const order = client.registerOpenOrder();
    await order.request({
      softwareReleaseUrl: 'https://sr.example/s.cfg',
      partitionReference: 'web',
      parameters: { a: 'b' },
    });
    expect(Object.keys(await client.getOpenOrderDict())).toEqual(['web']);
    expect(await order.getInformation('web')).toMatchObject({
      softwareReleaseUrl: 'https://sr.example/s.cfg',
      instanceParameters: { a: 'b' },
      isShared: false,
    });
  });
});

describe('the packed client library', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'slap-packed-'));
    await mkdir(join(folder, 'tarballs'));
    await execa('npm', ['pack', '--ignore-scripts', '--pack-destination', join(folder, 'tarballs')], {
      cwd: SLAP_FOLDER,
    });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true }));
    const [tarball = ''] = await readdir(join(folder, 'tarballs'));
    const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
    await execa('npm', ['install', ...options, `./tarballs/${tarball}`], { cwd: folder });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    { file: 'example.mjs', module: ts.ModuleKind.ESNext, run: 'console.log(await requestWeb(process.argv[2]));' },
    { file: 'example.cjs', module: ts.ModuleKind.CommonJS, run: 'requestWeb(process.argv[2]).then(console.log);' },
  ])('runs the first example of its README as $file', async ({ file, module, run }) => {
    await using master = await startProxy();
    const readme = await readFile(join(SLAP_FOLDER, 'README.md'), 'utf8');
    const [, example = ''] = /^```ts\n([\s\S]*?)^```$/m.exec(readme) ?? [];
    const compilerOptions = { module, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(`${example}\n${run}`, { compilerOptions });
    await writeFile(join(folder, file), outputText);
    // require() of an ES module still warns on some of the supported versions of Node.js: that goes to the error stream.
    const { stdout } = await execa('node', [file, master.url], { cwd: folder });
    expect(stdout).toBe('slappart0 is started');
  });
});
