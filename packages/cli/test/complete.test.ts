import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
  writeRelease();
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
  mkdirSync(path.join(instanceRoot, 'var/lib/grid'), { recursive: true });
  writeFileSync(
    path.join(instanceRoot, 'var/lib/grid/last-target.json'),
    JSON.stringify([
      { partitionId: 'slappart1', requestedState: 'started', softwareReleaseUrl: RELEASE, instanceTitle: 'web' },
    ]),
  );
  const release = path.join(folder, 'software', MD5);
  mkdirSync(release, { recursive: true });
  writeFileSync(path.join(release, 'buildout.cfg'), `[buildout]\nextends = ${RELEASE}\n`);
  writeFileSync(
    path.join(folder, 'slapos.cfg'),
    `[slapos]\ncomputer_id = COMP-7\ninstance_root = ${instanceRoot}\nsoftware_root = ${path.join(folder, 'software')}\n`,
  );
}

/** A Software Release with a description, two software types and their schemas. */
function writeRelease(): void {
  const release = path.join(folder, 'release');
  mkdirSync(release);
  const files = {
    'software.cfg': '[buildout]\n',
    'software.cfg.json': {
      'software-type': {
        default: { title: 'A server', request: 'default.json' },
        frontend: { request: 'frontend.json' },
      },
    },
    'default.json': {
      properties: {
        workers: { type: 'integer', default: 2, title: 'How many' },
        mode: { $ref: '#/definitions/mode' },
        server: { type: 'object', properties: { debug: { type: 'boolean', default: false } } },
      },
      definitions: { mode: { type: 'string', enum: ['fast', 'safe'] } },
    },
    'frontend.json': { allOf: [{ properties: { domain: { type: 'string' } } }] },
  };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(release, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
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
const COMPLETERS: Readonly<Record<'bash' | 'zsh' | 'fish', (line: string, type?: string) => string>> = {
  bash: (line, type = '9') =>
    execFileSync(
      'bash',
      [
        '--norc',
        '-c',
        'source "$0"; COMP_LINE="$1" COMP_POINT=${#1} COMP_TYPE="$2"; _slapos; printf "%s\\n" "${COMPREPLY[@]}"',
        scriptOf('bash'),
        line,
        type,
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

describe('bash itself', () => {
  it('is given what stands behind a colon or an equals sign, as it replaces no more', () => {
    expect(offered('bash', 'slapos supply https:')).toEqual(['//example.org/software.cfg']);
    expect(offered('bash', 'slapos node instance --only-cp=slappart1')).toEqual(['slappart1', 'slappart10']);
  });

  it('explains what it lists, and nothing that it puts into the line', () => {
    const listed = COMPLETERS.bash('slapos node instance --only-cp ', '63');
    expect(listed).toBe('slappart0   (free)\nslappart1   (busy: web, started)\nslappart10  (free)\n');
    expect(COMPLETERS.bash('slapos node instance --only-cp slappart10', '63')).toBe('slappart10\n');
  });
});

describe('slapos complete --install', () => {
  const home = (): string => path.join(folder, 'new-home');
  async function install(env: Readonly<Record<string, string>>, ...words: string[]) {
    return runSlapos(['complete', '--install', ...words], { env: { HOME: home(), ...env } });
  }

  it.each([
    ['bash', '.local/share/bash-completion/completions/slapos', 'bash-completion'],
    ['fish', '.config/fish/completions/slapos.fish', 'in the next shell'],
    ['zsh', '.local/share/zsh/site-functions/_slapos', 'fpath=('],
  ] as const)('puts the script of %s where it is found, and says where', async (shell, place, advice) => {
    const { exitCode, stdout, stderr } = await install({ SHELL: `/usr/bin/${shell}` });
    const file = path.join(home(), place);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: `${file}\n` });
    expect(stderr).toContain(advice);
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(scriptOf(shell), 'utf8'));
    expect(await install({}, '--shell', shell)).toMatchObject({ exitCode: 0, stdout });
  });

  it('is loaded by bash-completion by itself', async () => {
    const data = path.join(folder, 'data');
    const { stdout } = await install({ XDG_DATA_HOME: data }, '--shell', 'bash', '--name', 'my-slapos');
    expect(stdout).toBe(`${data}/bash-completion/completions/my-slapos\n`);
    const loaded = execFileSync('bash', ['--norc', '-c', 'source "$0"; complete -p my-slapos', stdout.trim()], {
      encoding: 'utf8',
    });
    expect(loaded).toBe('complete -F _my_slapos my-slapos\n');
  });

  it('wants to know a shell that it knows, and a folder that it can write', async () => {
    const unknown = await install({ SHELL: '/usr/bin/tcsh' });
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('SHELL is "tcsh"; name the shell with --shell');
    const none = await install({}, '--shell', 'none');
    expect(none.exitCode).toBe(2);
    const unwritable = await install({ XDG_DATA_HOME: scriptOf('bash') }, '--shell', 'bash');
    expect(unwritable.exitCode).toBe(1);
    expect(unwritable.stderr).toContain('slapos complete --shell bash');
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
      'slappart1\tbusy: web, started',
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

  it('knows everything that is supervised, too', async () => {
    expect(await words('node', 'restart', 'al')).toEqual(['all\teverything that is supervised']);
  });

  it('knows software types, parameters and their values from the schema of the release', async () => {
    const profile = path.join(folder, 'release/software.cfg');
    expect(await words('request', 'x', profile, '--type', '')).toEqual(['default\tA server', 'frontend\t']);
    expect(await words('request', 'x', profile, '--parameters', '')).toEqual([
      'workers=\tinteger, default 2: How many',
      'mode=\tstring',
      'server=\tobject',
    ]);
    // Of a list of words each is completed.
    expect(await words('request', 'x', profile, '--parameters', 'workers=3', 'mode=f')).toEqual(['mode=fast\t']);
    expect(await words('request', 'x', profile, '--set', 'workers=3', '--set=server.')).toEqual([
      '--set=server.debug=\tboolean, default false',
    ]);
    expect(await words('request', 'x', profile, '--set', 'server.debug=')).toEqual([
      'server.debug=true\t',
      'server.debug=false\t',
    ]);
    expect(await words('request', 'x', profile, '--type', 'frontend', '--set', '')).toEqual(['domain=\tstring']);
    expect(await words('request', 'x', profile, '--node', 'computer')).toEqual(['computer_guid=COMP-7\tthis computer']);
  });

  it('has what slapos software schema lists', async () => {
    const profile = path.join(folder, 'release/software.cfg');
    const { stdout, exitCode } = await runSlapos(['software', 'schema', profile]);
    expect({ stdout, exitCode }).toEqual({
      stdout: [
        'NAME          TYPE     DEFAULT  ALLOWED      DESCRIPTION\n',
        'workers       integer  2                     How many\n',
        'mode          string            fast, safe\n',
        'server        object\n',
        'server.debug  boolean  false    true, false\n',
      ].join(''),
      exitCode: 0,
    });
    const frontend = ['software', 'schema', profile, '--type', 'frontend'];
    expect(JSON.parse((await runSlapos([...frontend, '--json'])).stdout)).toMatchObject({
      kind: 'SoftwareSchema',
      softwareType: 'frontend',
      items: [{ name: 'domain', type: 'string', required: false }],
    });
    expect((await runSlapos([...frontend, '--output', 'markdown'])).stdout).toContain('| domain | string |  |  |  |\n');
    const unknown = await runSlapos(['software', 'schema', profile, '--type', 'other']);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain('Its software types are default, frontend.');
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
  expect(stdout).toMatch(/^ {2}cmds_node_prune='-h --help --cfg --dry-run --yes --additional-software-directory'$/m);
});

it('takes another name, but nothing that would be a command of its own', async () => {
  const { stdout } = await runSlapos(['complete', '--name', 'my-slapos']);
  expect(stdout).toMatch(/^complete -F _my_slapos my-slapos$/m);
  const { exitCode, stderr } = await runSlapos(['complete', '--name', 'x; reboot']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('argument --name');
});
