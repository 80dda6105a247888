import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ScratchNode } from './support/scratch-node.js';

/** The moments at which the pass is killed, evenly over the time that an undisturbed one takes. */
const KILLS = 10;

let node: ScratchNode;
let releaseUrl: string;
let undisturbedMs: number;
let undisturbed: Map<string, string>;

beforeAll(async () => {
  node = await ScratchNode.createReady({ partitions: KILLS + 1 });
  releaseUrl = await node.buildRelease();
  await request(0);
  const startedAt = Date.now();
  await node.expectSuccess('node', 'instance');
  undisturbedMs = Date.now() - startedAt;
  undisturbed = await describePartition(0);
});

afterAll(() => node[Symbol.asyncDispose]());

async function request(index: number): Promise<void> {
  await node.expectSuccess('request', `hello-${index}`, releaseUrl);
}

/** Every entry of a partition with type, mode and content; what differs between any two partitions is made equal. */
async function describePartition(index: number): Promise<Map<string, string>> {
  const root = node.at('inst', `slappart${index}`);
  const port = await readFile(path.join(root, 'var/port'), 'utf8');
  const equalise = (text: string): string =>
    text.replaceAll(`slappart${index}`, 'PARTITION').replaceAll(`hello-${index}`, 'INSTANCE').replaceAll(port, 'PORT');
  const found = new Map<string, string>();
  for (const entry of await readdir(root, { recursive: true })) {
    const file = path.join(root, entry);
    const stats = await lstat(file);
    const facts = `${stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'file'} ${(stats.mode & 0o7777).toString(8)}`;
    const name = equalise(entry);
    // Logs, results of promises and times are different each time.
    const volatile = /\.log$|\.slapgrid\/|\.timestamp$|\.installed\.cfg$/.test(name);
    if (stats.isSymbolicLink()) found.set(name, `${facts} ${equalise(await readlink(file))}`);
    else if (stats.isFile() && !volatile) found.set(name, `${facts} ${digest(equalise(await readFile(file, 'utf8')))}`);
    else found.set(name, facts);
  }
  return found;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

test.each(Array.from({ length: KILLS }, (_, index) => index + 1))(
  'a pass that is killed at moment %i is completed by the next one',
  async (index) => {
    await request(index);
    const pass = node.spawn('node', 'instance');
    const exited = once(pass, 'exit');
    // The moment itself is what is tested: there is no condition to wait for.
    await Promise.race([pause((undisturbedMs * index) / KILLS), exited]);
    pass.kill('SIGKILL');
    await exited;

    await node.expectSuccess('node', 'instance');

    expect(await describePartition(index)).toEqual(undisturbed);
    const port = await readFile(node.at('inst', `slappart${index}`, 'var/port'), 'utf8');
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    expect(page).toContain(`Hello from hello-${index}`);
  },
);
