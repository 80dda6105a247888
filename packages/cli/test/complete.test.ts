import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPLETION_SHELLS, type CompletionShell } from '../src/completion/scripts.js';
import { runSlapos } from './support/run-slapos.js';

let folder: string;
const scripts = new Map<CompletionShell, string>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'slapos-complete-'));
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
      { encoding: 'utf8' },
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
      { encoding: 'utf8' },
    ),
  fish: (line) =>
    execFileSync('fish', ['--no-config', '-c', 'source $argv[1]; complete -C "$argv[2]"', scriptOf('fish'), line], {
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
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
    expect(offered(shell, 'slapos service ')).toEqual(['info', 'list']);
    expect(offered(shell, 'slapos node ')).toEqual(expect.arrayContaining(['format', 'instance', 'software']));
  });

  test('offers the options of the command', () => {
    const options = offered(shell, 'slapos node prune --');
    expect(options).toEqual(expect.arrayContaining(['--cfg', '--dry-run', '--additional-software-directory']));
    expect(options).not.toContain('--only-cp');
    expect(options).not.toContain('info');
  });
});

describe('a value', () => {
  it('is left to bash, which offers file names', () => {
    expect(offered('bash', 'slapos node prune --cfg ')).toEqual([]);
  });

  it.runIf(isInstalled('zsh'))('is a file name for zsh', () => {
    expect(offered('zsh', 'slapos node prune --cfg ')).toEqual(['FILES']);
  });
});

it('prints the bare data', async () => {
  const { stdout } = await runSlapos(['complete', '--shell', 'none']);
  expect(stdout).toMatch(/^ {2}cmds='complete computer .*'$/m);
  expect(stdout).toMatch(/^ {2}cmds_service='info list'$/m);
  expect(stdout).toMatch(/^ {2}cmds_node_prune='-h --help --cfg --dry-run --additional-software-directory'$/m);
});

it('takes another name, but nothing that would be a command of its own', async () => {
  const { stdout } = await runSlapos(['complete', '--name', 'my-slapos']);
  expect(stdout).toMatch(/^complete -o default -F _my_slapos my-slapos$/m);
  const { exitCode, stderr } = await runSlapos(['complete', '--name', 'x; reboot']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('argument --name');
});
