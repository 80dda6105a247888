import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createProxy } from '@slapos/proxy';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPLETION_SHELLS, type CompletionShell } from '../src/completion/scripts.js';
import { runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const RELEASE = 'https://example.org/software.cfg';
const MD5 = '0123456789abcdef0123456789abcdef';

let folder: string;
const scripts = new Map<CompletionShell, string>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slapos-complete-'));
  mkdirSync(path.join(folder, 'bin'));
  writeFileSync(path.join(folder, 'bin/slapos'), `#!/bin/sh\nexec '${process.execPath}' '${SLAPOS_BIN}' "$@"\n`);
  chmodSync(path.join(folder, 'bin/slapos'), 0o755);
  writeNode();
  for (const shell of COMPLETION_SHELLS) {
    const { exitCode, stdout } = await runSlapos(['complete', '--shell', shell]);
    expect(exitCode).toBe(0);
    const file = path.join(folder, shell);
    writeFileSync(file, stdout);
    scripts.set(shell, file);
  }
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A node with three partitions, of which one has an instance with two services, and a built release. */
function writeNode(): void {
  const instanceRoot = path.join(folder, 'instances');
  for (const name of ['slappart0', 'slappart1', 'slappart10', 'etc/supervisord.conf.d'])
    mkdirSync(path.join(instanceRoot, name), { recursive: true });
  writeFileSync(path.join(instanceRoot, 'slappart1/buildout.cfg'), '');
  writeFileSync(
    path.join(instanceRoot, 'etc/supervisord.conf.d/slappart1.conf'),
    '[group:slappart1]\nprograms=slappart1_web,slappart1_db\n[program:slappart1_web]\nprocess_name=web\n[program:slappart1_db]\nprocess_name=db\n',
  );
  const release = path.join(folder, 'software', MD5);
  mkdirSync(release, { recursive: true });
  writeFileSync(path.join(release, 'buildout.cfg'), `[buildout]\nextends = ${RELEASE}\n`);
  writeFileSync(
    path.join(folder, 'slapos.cfg'),
    `[slapos]\ncomputer_id = COMP-7\ninstance_root = ${instanceRoot}\nsoftware_root = ${path.join(folder, 'software')}\n`,
  );
}

/** What the completion scripts run with. */
function environment(): NodeJS.ProcessEnv {
  return {
    PATH: `${path.join(folder, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: folder,
    SLAPOS_CONFIGURATION: path.join(folder, 'slapos.cfg'),
  };
}

function scriptOf(shell: CompletionShell): string {
  const file = scripts.get(shell);
  if (file === undefined) throw new Error(`no script for ${shell}`);
  return file;
}

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** What each shell offers for a line whose last word is still being typed: the words, sorted. */
const COMPLETERS: Readonly<Record<'bash' | 'zsh' | 'fish', (line: string) => string>> = {
  bash: (line) =>
    execFileSync(
      'bash',
      [
        '--norc',
        '-c',
        'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _slapos; printf "%s\\n" "${COMPREPLY[@]}"',
        scriptOf('bash'),
        ...line.split(' '),
      ],
      { encoding: 'utf8', env: environment() },
    ),
  // compsys wants a terminal; its two functions that we call are replaced by ones that print what they are given.
  zsh: (line) =>
    execFileSync(
      'zsh',
      [
        '-f',
        '-c',
        'compdef() {}; _files() { print FILES }; _describe() { print -l -- ${candidates%%:*} }; source "$0"; words=("$@"); CURRENT=$#; _slapos',
        scriptOf('zsh'),
        ...line.split(' '),
      ],
      { encoding: 'utf8', env: environment() },
    ),
  fish: (line) =>
    execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C "$argv[2]"', scriptOf('fish'), line], {
      encoding: 'utf8',
      env: environment(),
    }).replaceAll(/\t.*/g, ''),
};

function offered(shell: keyof typeof COMPLETERS, line: string): string[] {
  return COMPLETERS[shell](line)
    .split('\n')
    .filter((word) => word !== '')
    .sort();
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (shell) => {
  // Debian has bash always, the others when somebody wants them.
  const test = it.runIf(shell === 'bash' || isInstalled(shell));

  test('offers commands', () => {
    expect(offered(shell, 'slapos ')).toEqual(expect.arrayContaining(['node', 'proxy', 'request', 'service']));
    expect(offered(shell, 'slapos computer ')).toEqual(['info', 'list', 'token']);
    expect(offered(shell, 'slapos node ')).toEqual(expect.arrayContaining(['format', 'instance', 'software']));
  });

  test('offers the options of the command', () => {
    const options = offered(shell, 'slapos node prune --');
    expect(options).toEqual(expect.arrayContaining(['--cfg', '--dry-run', '--additional-software-directory']));
    expect(options).not.toContain('--only-cp');
    expect(options).not.toContain('info');
  });
});

describe.each(['bash', 'zsh', 'fish'] as const)('values in %s', (shell) => {
  const test = it.runIf(shell === 'bash' || isInstalled(shell));

  test('are those of the machine', () => {
    expect(offered(shell, 'slapos node instance --only-cp ')).toEqual(['slappart0', 'slappart1', 'slappart10']);
    expect(offered(shell, 'slapos node instance --only-cp slappart1')).toEqual(['slappart1', 'slappart10']);
    expect(offered(shell, 'slapos node software --only-sr 01')).toEqual([MD5]);
    expect(offered(shell, 'slapos --log-format ')).toEqual(['journal', 'json', 'text']);
  });
});

describe('a file name', () => {
  it('is left to bash', () => {
    expect(offered('bash', 'slapos node prune --cfg ')).toEqual([]);
  });

  it.runIf(isInstalled('zsh'))('is asked of zsh', () => {
    expect(offered('zsh', 'slapos node prune --cfg ')).toEqual(['FILES']);
  });
});

describe('__complete', () => {
  async function words(...line: string[]): Promise<string[]> {
    const { exitCode, stdout, stderr } = await runSlapos(['__complete', '--', ...line], {
      env: environment() as Record<string, string>,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    return stdout.split('\n').filter((text) => text !== '');
  }

  it('knows partitions in their order, and which are in use', async () => {
    expect(await words('node', 'instance', '--only-cp', '')).toEqual([
      'slappart0\tfree',
      'slappart1\tbusy',
      'slappart10\tfree',
    ]);
    expect(await words('node', 'instance', '--only-cp', 'slappart0,slappart10')).toEqual([
      'slappart0,slappart10\tfree',
    ]);
    expect(await words('node', 'instance', '--only-cp=slappart0')).toEqual(['--only-cp=slappart0\tfree']);
  });

  it('knows services as the supervisor names them', async () => {
    expect(await words('node', 'tail', 'slappart1:')).toEqual([
      'slappart1:*\tall of slappart1',
      'slappart1:web\t',
      'slappart1:db\t',
    ]);
  });

  it('knows releases, and this computer', async () => {
    expect(await words('supply', 'https:')).toEqual([`${RELEASE}\t${MD5}`]);
    expect(await words('supply', RELEASE, '')).toEqual(['COMP-7\tthis computer']);
  });

  it('knows commands behind help, codes behind explain, and the choices of an option', async () => {
    expect(await words('help', 'node', 'instan')).toEqual(['instance\trun instance deployment']);
    expect(await words('explain', 'SLAP_NOT_R')).toEqual(['SLAP_NOT_READY\t']);
    expect(await words('config', 'show', '--output', 'ya')).toEqual(['yaml\t']);
    expect(await words('-v', 'node', 'instance', '--log-l')).toEqual(['--log-level\tthe least that is shown']);
  });

  it('knows titles of the master, remembers them, and says nothing without one', async () => {
    expect(await words('service', 'info', '')).toEqual([]);
    const proxy = await createProxy({ computerId: 'COMP-7' });
    try {
      await proxy.seed({ computers: { 'COMP-7': { partitions: 1 } } });
      const { url } = await proxy.listen({ host: '127.0.0.1', port: 0 });
      mkdirSync(path.join(folder, '.slapos'));
      writeFileSync(path.join(folder, '.slapos/slapos-client.cfg'), `[slapos]\nmaster_url = ${url}\n`);
      await using client = await proxy.client();
      await client.registerSupply().supply({ softwareReleaseUrl: RELEASE, computerId: 'COMP-7' });
      await client.registerOpenOrder().request({ softwareReleaseUrl: RELEASE, partitionReference: 'my-web' });
      expect(await words('service', 'info', 'my')).toEqual([`my-web\t${RELEASE}`]);
    } finally {
      await proxy.close();
    }
    // It is gone, and still known.
    expect(await words('service', 'info', '')).toEqual([`my-web\t${RELEASE}`]);
  });

  it('says nothing where the configuration cannot be read', async () => {
    writeFileSync(path.join(folder, 'broken.cfg'), 'x');
    expect(await words('node', 'instance', '--cfg', path.join(folder, 'broken.cfg'), '--only-cp', '')).toEqual([]);
  });
});

it('prints the bare data', async () => {
  const { stdout } = await runSlapos(['complete', '--shell', 'none']);
  expect(stdout).toMatch(/^ {2}cmds='cachelookup complete computer .*'$/m);
  expect(stdout).toMatch(/^ {2}cmds_computer='info list token'$/m);
  expect(stdout).toMatch(/^ {2}cmds_node_prune='-h --help --cfg --dry-run --additional-software-directory'$/m);
});

it('takes another name, but nothing that would be a command of its own', async () => {
  const { stdout } = await runSlapos(['complete', '--name', 'my-slapos']);
  expect(stdout).toMatch(/^complete -F _my_slapos my-slapos$/m);
  const { exitCode, stderr } = await runSlapos(['complete', '--name', 'x; reboot']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('argument --name');
});
