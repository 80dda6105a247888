import { once } from 'node:events';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { COMPUTER_ID, ScratchNode } from './support/scratch-node.js';
import { without } from './support/without.js';
import { waitFor } from './support/wait-for.js';

const isRoot = process.geteuid?.() === 0;

describe('a Software Release', () => {
  test('that does not exist: says which, and the instance pass goes on for the others', async () => {
    await using node = await ScratchNode.createReady();
    const missing = node.at('releases/nowhere/software.cfg');
    await node.expectSuccess('supply', missing, COMPUTER_ID);
    const { exitCode, stderr } = await node.slapos('node', 'software');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(missing);
    expect(stderr).toMatch(/does not exist|not found|Couldn't open/i);
  });

  test('that fails to build: shows the last lines of the build and where its log is, and tells the master', async () => {
    await using node = await ScratchNode.createReady();
    const url = await node.installRelease('broken');
    const profile = await readFile(url, 'utf8');
    await writeFile(url, profile.replace('hello-server.py', 'no-such-source.py'));
    await node.expectSuccess('supply', url, COMPUTER_ID);
    const { exitCode, stderr } = await node.slapos('node', 'software');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('Failed to run buildout profile in directory');
    expect(stderr).toContain('no-such-source.py');
    const log = /(\/\S+\.log)/.exec(stderr)?.[1] ?? '';
    expect(await readFile(log, 'utf8')).toContain('no-such-source.py');

    // Mended, the next pass builds it.
    await writeFile(url, profile);
    await node.expectSuccess('node', 'software');
  });

  test('that is not built when its instance is processed: says so', async () => {
    await using node = await ScratchNode.createReady();
    const url = await node.installRelease();
    await node.expectSuccess('request', 'early', url);
    const { exitCode, stderr } = await node.slapos('node', 'instance');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('slappart0');
    expect(stderr).toMatch(/node software/);
  });
});

test('a request for which there is no free partition says so', async () => {
  await using node = await ScratchNode.createReady({ partitions: 1 });
  const url = await node.installRelease();
  await node.expectSuccess('request', 'one', url);
  const { exitCode, stderr } = await node.slapos('request', 'two', url);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('No free computer partition found for: two');
});

test('a second pass while one runs ends with 10, names the first, and leaves it alone', async () => {
  await using node = await ScratchNode.createReady();
  const url = await node.installRelease();
  const profile = await readFile(url, 'utf8');
  // The build waits for a file, so that the pass lasts as long as the test wants.
  const gate = node.at('releases/gate');
  await writeFile(
    url,
    `${profile}\n[gate]\nrecipe = hellorecipes:file\nsource = ${gate}\noutput = \${buildout:directory}/gate\n`,
  );
  await execa('mkfifo', ['-m', '666', gate]);
  await writeFile(url, (await readFile(url, 'utf8')).replace('  instance\n', '  instance\n  gate\n'));
  await node.expectSuccess('supply', url, COMPUTER_ID);
  const first = node.spawn('node', 'software');
  const exited = once(first, 'exit');
  try {
    await waitFor(
      'the first pass to hold its lock',
      async () => (await readFile(node.at('slapgrid-sr.pid'), 'utf8').catch(() => '')) !== '',
    );
    const second = await node.slapos('node', 'software');
    expect(second.exitCode).toBe(10);
    expect(second.stderr).toContain(
      `New slapos process started, but another slapos process is aleady running with pid ${String(first.pid)}, exiting.`,
    );
  } finally {
    await writeFile(gate, 'open');
    await exited;
  }
  expect(first.exitCode).toBe(0);
});

describe('the mini-master', () => {
  test('on a port that is taken says which, and what to do', async () => {
    await using node = await ScratchNode.create();
    const squatter = createServer().listen(node.port, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const { exitCode, stderr } = await node.slapos('proxy', 'start');
      expect(exitCode).toBe(1);
      expect(stderr).toContain(String(node.port));
      expect(stderr).toMatch(/in use/);
      expect(stderr).toMatch(/another port/);
    } finally {
      squatter.close();
    }
  });

  test('whose database cannot be written says where', async () => {
    await using node = await ScratchNode.create();
    await rm(node.at('proxy.db'), { force: true });
    const { exitCode, stderr } = await node.slapos('proxy', 'start', '--database-uri', '/proc/self/proxy.db');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('/proc/self/proxy.db');
  });

  test('that does not run: a client says what it tried', async () => {
    await using node = await ScratchNode.create();
    const { exitCode, stderr } = await node.slapos('service', 'list');
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${node.port}`);
  });
});

test('a socket path that is too long is refused before anything is built', async () => {
  await using node = await ScratchNode.createReady();
  const long = node.at('x'.repeat(100));
  await execa('mkdir', [long]);
  const { exitCode, stderr } = await node.slapos('node', 'instance', '--instance-root', long);
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/107/);
});

// A component is hidden by covering it in a mount namespace of the command's own, which takes root.
describe.runIf(isRoot)('a component that is not there', () => {
  test('buildout: names the package to install', async () => {
    await using node = await ScratchNode.createReady();
    await node.expectSuccess('supply', await node.installRelease(), COMPUTER_ID);
    const { exitCode, stderr } = await without(
      node,
      ['/usr/bin/buildout', '/usr/lib/python3/dist-packages/zc/buildout/__init__.py'],
      ['node', 'software'],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain('python3-zc.buildout');
  });

  test('python3: names the package to install', async () => {
    await using node = await ScratchNode.createReady();
    await node.expectSuccess('supply', await node.installRelease(), COMPUTER_ID);
    const { exitCode, stderr } = await without(
      node,
      ['/usr/bin/python3', '/usr/local/bin/python3'],
      ['node', 'software'],
    );
    expect(exitCode).toBe(1);
    expect(stderr).toContain('python3');
  });

  test('supervisord, where it was asked for: names the package to install', async () => {
    await using node = await ScratchNode.createReady({ slapos: 'supervisor = supervisord' });
    const { exitCode, stderr } = await without(node, ['/usr/bin/supervisord'], ['node', 'instance']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('apt-get install supervisor');
    expect(stderr).toContain('supervisor = embedded');
  });
});
