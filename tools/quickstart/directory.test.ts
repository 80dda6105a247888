import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkWritable, chooseDirectory } from './directory.mjs';
import { stop } from './stop.mjs';

let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'quickstart-')));
  await chmod(root, 0o755);
});

afterEach(async () => {
  await rm(root, { recursive: true });
});

const isRoot = process.geteuid?.() === 0;

describe('chooseDirectory', () => {
  it('takes the folder that is wanted', async () => {
    expect(await chooseDirectory(path.join(root, 'node'))).toMatchObject({
      directory: path.join(root, 'node'),
      isRoot,
    });
  });

  it('refuses a folder whose socket path would be too long, and says by how much', async () => {
    const long = path.join('/tmp', 'x'.repeat(100));
    await expect(chooseDirectory(long)).rejects.toThrow(/would be 19 bytes over the 107.*\n.*--directory/);
  });

  it('takes what fits', async () => {
    const fits = path.join('/tmp', 'x'.repeat(107 - '/tmp//inst/sv.sock.4194304'.length));
    await expect(chooseDirectory(fits)).resolves.toMatchObject({ directory: fits });
  });

  it.runIf(isRoot)('refuses, as root, a folder that the user of the software cannot enter', async () => {
    const closed = path.join(root, 'closed');
    await mkdir(closed, { mode: 0o700 });
    await expect(chooseDirectory(path.join(closed, 'node'))).rejects.toThrow(/nobody, who may not enter .*closed\./);
  });
});

describe('checkWritable', () => {
  it('accepts a folder that can be made', async () => {
    await expect(checkWritable(path.join(root, 'a/b/c'))).resolves.toBeUndefined();
  });

  it('names the folder where one may not write', async () => {
    // Nobody may make a folder there, root included.
    await expect(checkWritable('/proc/self/quickstart')).rejects.toThrow(/may not write in \/proc\/self/);
  });
});

describe('stop', () => {
  it('leaves a folder alone that the quickstart did not make', async () => {
    await expect(stop({ directory: root, owner: 'nobody', isRoot })).rejects.toThrow(/has no quickstart\.json/);
  });
});
