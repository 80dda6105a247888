import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { beforeAll, expect, test } from 'vitest';

import { folderBesidePackages, installedPackages } from './support/installed-packages.js';
import { COMPUTER_ID, ScratchNode } from './support/scratch-node.js';
import { FIGURES, measurePackage, type PackageCost } from './support/package-costs.js';

const workspaceRoot = join(import.meta.dirname, '../..');
const COST_RECORD = join(workspaceRoot, 'docs/package-costs.json');
const ALLOWED_GROWTH = 1.15;

interface PublicPackage {
  readonly name: string;
  /** What a user can import: `@slapos/host`, `@slapos/host/testing`. */
  readonly entryPoints: readonly string[];
}

async function findPublicPackages(): Promise<PublicPackage[]> {
  const parent = join(workspaceRoot, 'packages');
  const packages = await Promise.all(
    (await readdir(parent)).map(async (entry) => {
      const manifest = JSON.parse(await readFile(join(parent, entry, 'package.json'), 'utf8')) as {
        name: string;
        private?: boolean;
        exports: Record<string, unknown>;
      };
      const entryPoints = Object.keys(manifest.exports)
        .filter((path) => path !== './package.json')
        .map((path) => manifest.name + path.slice(1));
      return { name: manifest.name, entryPoints, isPrivate: manifest.private === true };
    }),
  );
  return packages.filter(({ isPrivate }) => !isPrivate);
}

/** Where all of them are installed, and a folder of ours beside them. */
let installed: string;
let userFolder: string;
let publicPackages: PublicPackage[];

beforeAll(async () => {
  installed = await installedPackages();
  userFolder = await folderBesidePackages('user');
  publicPackages = await findPublicPackages();
});

test('the packed packages hold what they export, and nothing of the tests', async () => {
  for (const { name } of publicPackages) {
    const [tarball = ''] = (await readdir(join(installed, 'tarballs'))).filter((file) =>
      file.startsWith(`${name.slice(1).replace('/', '-')}-`),
    );
    const { stdout } = await execa('tar', ['--list', '--file', join(installed, 'tarballs', tarball)]);
    const paths = stdout.split('\n').map((path) => path.replace(/^package\//, ''));
    expect(paths, name).toContain('dist/index.js');
    expect(paths, name).toContain('dist/index.d.ts');
    expect(paths, name).toContain('README.md');
    expect(paths, name).toContain('LICENSE');
    expect(
      paths.filter((path) => path.includes('.test.')),
      name,
    ).toEqual([]);
  }
});

test('a program that imports every package compiles against the published types and runs', async () => {
  const entryPoints = publicPackages.flatMap((each) => each.entryPoints);
  const lines = [
    ...entryPoints.map((entryPoint, index) => `import * as module${index} from '${entryPoint}';`),
    `const modules: readonly object[] = [${entryPoints.map((_, index) => `module${index}`).join(', ')}];`,
    'console.log(JSON.stringify(modules.map((each) => Object.keys(each).length)));',
  ];
  await writeFile(join(userFolder, 'consumer.ts'), `${lines.join('\n')}\n`);
  const compilerOptions = {
    target: 'ES2023',
    lib: ['ES2023', 'ESNext.Disposable'],
    module: 'NodeNext',
    types: ['node'],
    strict: true,
    skipLibCheck: false,
  };
  await writeFile(join(userFolder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));

  await execa(join(workspaceRoot, 'node_modules/.bin/tsc'), [], { cwd: userFolder });
  const { stdout } = await execa(process.execPath, ['consumer.js'], { cwd: userFolder });

  const exportCounts = JSON.parse(stdout) as number[];
  expect(exportCounts).toHaveLength(entryPoints.length);
  entryPoints.forEach((entryPoint, index) => expect(exportCounts[index], entryPoint).toBeGreaterThan(0));
});

test('the installed commands run', async () => {
  const watchdog = await execa(join(installed, 'node_modules/.bin/slapos-watchdog'), { reject: false });
  expect(watchdog.exitCode).not.toBe(0);
  expect(watchdog.stderr).toContain('slapos-watchdog: error: ');
  const { stdout } = await execa(join(installed, 'node_modules/.bin/slapos'), ['--version'], { cwd: userFolder });
  const { version } = JSON.parse(await readFile(join(workspaceRoot, 'packages/cli/package.json'), 'utf8')) as {
    version: string;
  };
  expect(stdout).toContain(version);
});

test('the installed mini-master brings its panel', async () => {
  const program = `
    import { createProxy } from '@slapos/proxy';
    const proxy = await createProxy();
    const get = (path) => proxy.fetch(new Request('http://localhost/panel/' + path));
    const [script] = (await (await get('')).text()).match('assets/[^"]+[.]js');
    console.log((await get(script)).headers.get('content-type'));
    await proxy.close();
  `;
  await writeFile(join(userFolder, 'panel.mjs'), program);
  const { stdout } = await execa(process.execPath, ['panel.mjs'], { cwd: userFolder });
  expect(stdout).toBe('text/javascript; charset=utf-8');
});

test('npx @slapos/cli builds a Software Release and runs an instance of it', async () => {
  const program = join(installed, 'node_modules/@slapos/cli/bin/run.js');
  await using node = await ScratchNode.createReady({ program });
  const release = await node.installRelease();
  await node.expectSuccess('supply', release, COMPUTER_ID);
  const words = ['--no-install', '@slapos/cli', 'node', 'software', '--cfg', node.at('slapos.cfg')];
  const { stdout, stderr } = await execa('npx', words, { cwd: userFolder });
  expect(stdout + stderr).toMatch(/1 release .* 1 built/);
  await node.expectSuccess('request', 'web', release);
  await node.expectSuccess('node', 'instance');
  const status = JSON.parse(await node.expectSuccess('node', 'status', '--json')) as unknown;
  expect(status).toMatchObject({ kind: 'NodeStatus', supervisor: 'running' });
});

test('the installed command brings its manual, and the licences of what is bundled', async () => {
  const dist = join(installed, 'node_modules/@slapos/cli/dist');
  expect(await readFile(join(dist, 'man/slapos-node-instance.1'), 'utf8')).toContain('.SH OPTIONS');
  // Code of others is bundled, so their licences go with it.
  expect(await readFile(join(dist, 'third-party-licenses.txt'), 'utf8')).toMatch(/^@oclif\/core 4\.\S+ \(MIT\)/m);
});

test('no package has become much more expensive to install or to import than the record says', async () => {
  const measured: Record<string, PackageCost> = {};
  for (const { name } of publicPackages) measured[name] = await measurePackage(installed, name);
  if (process.env['PACKAGE_COSTS'] === 'record') await writeFile(COST_RECORD, `${JSON.stringify(measured, null, 2)}\n`);

  const recorded = JSON.parse(await readFile(COST_RECORD, 'utf8')) as Partial<Record<string, PackageCost>>;
  const jumps = Object.entries(measured).flatMap(([name, cost]) =>
    FIGURES.filter((figure) => !(cost[figure] <= (recorded[name]?.[figure] ?? 0) * ALLOWED_GROWTH)).map(
      (figure) => `${name}: ${figure} ${cost[figure]}, was ${recorded[name]?.[figure] ?? 'not recorded'}`,
    ),
  );
  expect(jumps, 'if it is worth it, record the new figures with PACKAGE_COSTS=record npm run e2e').toEqual([]);
  expect(Object.keys(recorded).sort()).toEqual(publicPackages.map(({ name }) => name).sort());
});
