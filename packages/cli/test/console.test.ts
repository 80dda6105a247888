import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createProxy, type Proxy } from '@slapos/proxy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, type RunOptions, runSlapos } from './support/run-slapos.js';

const RELEASE = 'https://example.org/web/software.cfg';

let folder: string;
let proxy: Proxy;
let url: string;
let configuration: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
  proxy = await createProxy({ computerId: 'COMP-7', softwareProducts: { web: RELEASE } });
  await proxy.seed({ computers: { 'COMP-7': { partitions: 2 } } });
  ({ url } = await proxy.listen({ host: '127.0.0.1', port: 0 }));
  configuration = path.join(folder, 'slapos-client.cfg');
  await writeFile(configuration, `[slapos]\nmaster_url = ${url}\n`);
});

afterAll(async () => {
  await proxy.close();
  await rm(folder, { recursive: true });
});

function console_(words: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  return runSlapos(['console', '--cfg', configuration, ...words], options);
}

describe('slapos console', () => {
  it('evaluates lines, and awaits what they give', async () => {
    const input = [
      'const two = 1 + 1',
      'two',
      'function three() {',
      '  return 3',
      '}',
      'three()',
      'product.web',
      "const partition = await request(product.web, 'web', { parameters: { a: 'b' } })",
      'partition.partitionId',
      "(await getInformation('web')).instanceParameters",
      "supply('product.none', 'COMP-7')",
      'os.EOL',
      'typeof __file__',
    ].join('\n');
    const { exitCode, stdout } = await console_([], { input: `${input}\n` });
    expect(stdout).toContain(`>>> 2\n`);
    expect(stdout).toContain(`>>> 3\n>>> '${RELEASE}'\n`);
    expect(stdout).toContain(">>> 'slappart0'\n");
    expect(stdout).toMatch(/\{ a: 'b' \}/);
    expect(stdout).toContain('SLAP_NOT_FOUND');
    expect(stdout).toContain(String.raw`'\n'`);
    expect(stdout).toContain("'undefined'");
    expect(exitCode).toBe(0);
  });

  it.each([
    ['script.mjs', "import path from 'node:path';\nconst wanted = path.basename('x/web');\n"],
    [
      'script.ts',
      "import path from 'node:path';\ninterface Named { readonly name: string }\nconst wanted: string = ({ name: path.basename('x/web') } satisfies Named).name;\n",
    ],
  ])('runs %s with its arguments; the exit code is its own', async (name, head) => {
    const file = path.join(folder, name);
    await writeFile(
      file,
      `${head}await supply(await product[wanted], 'COMP-7');
globalThis.console.log(JSON.stringify([process.argv.slice(2), globalThis.__file__, slap.masterUrl]));
process.exitCode = 7;
`,
    );
    const { exitCode, stdout, stderr } = await console_([file, 'one', '--', '--two']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([['one', '--two'], file, `${url}${url.endsWith('/') ? '' : '/'}`]);
    expect(exitCode).toBe(7);
    expect((await readdir(folder)).filter((entry) => entry.startsWith('.'))).toEqual([]);
  });

  it('ends with 1 when a script throws', async () => {
    const file = path.join(folder, 'throwing.mjs');
    await writeFile(file, "throw new TypeError('thrown on purpose');\n");
    const { exitCode, stderr } = await console_([file]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /The script .*throwing\.mjs failed: TypeError: thrown on purpose\n +at file:.*throwing\.mjs:1:7\n/,
    );
    // Neither our part of the stack, nor that it is our fault.
    expect(stderr).not.toMatch(/at .*\/dist\/|at .*node:|should not have happened/);
  });

  it.each([
    [['script.py'], 1, /Python scripts need the Python console: script\.py/],
    [['script.sh'], 1, /script\.sh is no script that the console runs/],
    [['/nowhere.mjs'], 1, /Cannot read the script \/nowhere\.mjs/],
    [['-p', 'x.mjs'], 2, /argument --python: not allowed with a script/],
    [['-i', '-b'], 2, /ipython|bpython/],
  ])('refuses %j with %i', async (words, code, message) => {
    const { exitCode, stderr } = await console_(words);
    expect(stderr).toMatch(message);
    expect(exitCode).toBe(code);
  });

  it('-u wins over the configuration', async () => {
    const { stdout } = await console_(['-u', 'http://other.example:1/'], { input: 'slap.masterUrl\n' });
    expect(stdout).toContain("'http://other.example:1/'");
  });
});
