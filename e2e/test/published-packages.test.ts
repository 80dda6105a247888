import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { FIGURES, measurePackage, type PackageCost } from './support/package-costs.js';

const workspaceRoot = join(import.meta.dirname, '../..');
const COST_RECORD = join(workspaceRoot, 'docs/package-costs.json');
const ALLOWED_GROWTH = 1.15;

interface PublicPackage {
  readonly name: string;
  readonly folder: string;
  /** What a user can import: `@slapos/host`, `@slapos/host/testing`. */
  readonly entryPoints: readonly string[];
}

async function findPublicPackages(): Promise<PublicPackage[]> {
  const parent = join(workspaceRoot, 'packages');
  const packages = await Promise.all(
    (await readdir(parent)).map(async (entry) => {
      const folder = join(parent, entry);
      const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
        name: string;
        private?: boolean;
        exports: Record<string, unknown>;
      };
      const entryPoints = Object.keys(manifest.exports)
        .filter((path) => path !== './package.json')
        .map((path) => manifest.name + path.slice(1));
      return { name: manifest.name, folder, entryPoints, isPrivate: manifest.private === true };
    }),
  );
  return packages.filter(({ isPrivate }) => !isPrivate);
}

/** An empty folder outside of the workspace, as a user of the packages has one. */
let userFolder: string;
let publicPackages: PublicPackage[];

beforeAll(async () => {
  userFolder = await mkdtemp(join(tmpdir(), 'slapos-published-'));
  publicPackages = await findPublicPackages();
  await mkdir(join(userFolder, 'tarballs'));
  await Promise.all(
    publicPackages.map(({ folder }) =>
      execa('npm', ['pack', '--ignore-scripts', '--pack-destination', join(userFolder, 'tarballs')], { cwd: folder }),
    ),
  );
  const tarballs = await readdir(join(userFolder, 'tarballs'));
  // vitest is an optional peer of one entry point.
  const devDependencies = { '@types/node': '^20.19.0', vitest: '4.1.12' };
  await writeFile(join(userFolder, 'package.json'), JSON.stringify({ private: true, type: 'module', devDependencies }));
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await execa('npm', ['install', ...options, ...tarballs.map((name) => `./tarballs/${name}`)], { cwd: userFolder });
});

afterAll(() => rm(userFolder, { recursive: true, force: true }));

test('the packed packages hold what they export, and nothing of the tests', async () => {
  for (const { name, folder } of publicPackages) {
    const { stdout } = await execa('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: folder });
    const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
    const paths = files.map(({ path }) => path);
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

test('the installed slapos command runs', async () => {
  const { stdout } = await execa(join(userFolder, 'node_modules/.bin/slapos'), ['--version'], { cwd: userFolder });
  const { version } = JSON.parse(await readFile(join(workspaceRoot, 'packages/cli/package.json'), 'utf8')) as {
    version: string;
  };
  expect(stdout).toContain(version);
});

test('the installed command finds the other packages, their files, and its manual', async () => {
  const node = join(userFolder, 'node');
  await mkdir(join(node, 'instances'), { recursive: true });
  await mkdir(join(node, 'software'));
  const configuration = join(node, 'slapos.cfg');
  await writeFile(
    configuration,
    `[slapos]
root_check = false
computer_id = local
# The discard port: nobody listens there.
master_url = http://127.0.0.1:9/
instance_root = ${node}/instances
software_root = ${node}/software
pidfile_instance = ${node}/instance.pid
`,
  );
  const slapos = (...words: string[]) =>
    execa('npx', ['--no-install', 'slapos', ...words], {
      cwd: userFolder,
      env: { SLAPOS_CONFIGURATION: configuration },
      reject: false,
    });
  try {
    // The master is away: services are kept running, so the supervisor is started.
    const pass = await slapos('node', 'instance', '--now');
    expect(pass.exitCode, pass.stderr).toBe(3);
    const status = await slapos('node', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ kind: 'NodeStatus', supervisor: 'running' });
  } finally {
    await slapos('node', 'supervisorctl', 'shutdown');
  }
  const installed = join(userFolder, 'node_modules/@slapos/cli/dist');
  expect(await readFile(join(installed, 'man/slapos-node-instance.1'), 'utf8')).toContain('.SH OPTIONS');
  // Code of others is bundled, so their licences go with it.
  expect(await readFile(join(installed, 'third-party-licenses.txt'), 'utf8')).toMatch(/^@oclif\/core 4\.\S+ \(MIT\)/m);
});

test('no package has become much more expensive to install or to import than the record says', async () => {
  const measured: Record<string, PackageCost> = {};
  for (const { name } of publicPackages) measured[name] = await measurePackage(userFolder, name);
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
