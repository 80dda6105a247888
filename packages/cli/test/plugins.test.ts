import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Outcome, runSlapos } from './support/run-slapos.js';

let folder: string;
let env: Record<string, string>;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-plugins-'));
  env = { SLAPOS_DATA_DIR: path.join(folder, 'data') };
  await writePlugin();
  await mkdir(path.join(folder, 'no-plugin'));
  await writeFile(path.join(folder, 'no-plugin/package.json'), '{"name":"no-plugin","version":"1.0.0"}');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

/** A package that somebody else wrote: two commands, one of them in a group of ours. */
async function writePlugin(): Promise<void> {
  const plugin = path.join(folder, 'slapos-plugin-hello');
  await mkdir(path.join(plugin, 'commands/node'), { recursive: true });
  await mkdir(path.join(plugin, 'node_modules/@oclif'), { recursive: true });
  const core = createRequire(import.meta.url).resolve('@oclif/core/package.json');
  await symlink(path.dirname(core), path.join(plugin, 'node_modules/@oclif/core'));
  const oclif = { commands: './commands', topicSeparator: ' ' };
  await writeFile(
    path.join(plugin, 'package.json'),
    JSON.stringify({ name: 'slapos-plugin-hello', version: '1.2.3', description: 'Greets', type: 'module', oclif }),
  );
  const command = (summary: string, body: string): string => `import { Args, Command, Flags } from '@oclif/core';
export default class extends Command {
  static summary = '${summary}';
  static args = { name: Args.string({ required: true }) };
  static flags = { loud: Flags.boolean({ description: 'shout' }) };
  async run() { const { args, flags } = await this.parse(this.constructor); ${body} }
}`;
  await writeFile(
    path.join(plugin, 'commands/hello.js'),
    command('greet somebody', 'this.log(flags.loud ? args.name.toUpperCase() : args.name);'),
  );
  await writeFile(path.join(plugin, 'commands/node/greet.js'), command('greet a node', 'return 7;'));
}

function slapos(...words: string[]): Promise<Outcome> {
  return runSlapos(words, { env });
}

it('a plug-in brings commands, which are found, explained, completed and removed like ours', async () => {
  expect((await slapos('plugins', 'list')).stdout).toBe('No plug-ins.\n');
  expect((await slapos('hello', 'world')).exitCode).toBe(5);

  const added = await slapos('plugins', 'add', path.join(folder, 'slapos-plugin-hello'));
  expect(added.stderr).toContain('Added slapos-plugin-hello 1.2.3.');
  expect(added.exitCode).toBe(0);
  const listed = await slapos('plugins', 'list', '--json');
  expect(JSON.parse(listed.stdout)).toMatchObject({
    kind: 'Plugins',
    items: [{ name: 'slapos-plugin-hello', version: '1.2.3', description: 'Greets' }],
  });

  expect(await slapos('hello', 'world', '--lo')).toMatchObject({ exitCode: 2 });
  expect(await slapos('hello', 'world', '--loud')).toEqual({ exitCode: 0, stdout: 'WORLD\n', stderr: '' });
  expect(await slapos('node', 'greet', 'x')).toMatchObject({ exitCode: 7, stderr: '' });
  expect((await slapos('hello')).stderr).toContain('slapos hello: error: the following arguments are required: name');
  const help = await slapos('--help');
  expect(help.stdout).toMatch(/^ {2}hello {10}greet somebody$/m);
  expect(help.stdout).toMatch(/^ {2}node instance {2}run instance deployment$/m);
  expect((await slapos('help', 'node', 'greet')).stdout).toMatch(/^usage: slapos node greet \[--loud\] NAME\n/);
  expect((await slapos('__complete', '--', 'hel')).stdout).toContain('hello\tgreet somebody\n');

  const removed = await slapos('plugins', 'remove', 'slapos-plugin-hello');
  expect(removed.exitCode).toBe(0);
  expect((await slapos('hello', 'world')).exitCode).toBe(5);
});

it('what is no plug-in is not kept', async () => {
  const refused = await slapos('plugins', 'add', path.join(folder, 'no-plugin'));
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('no-plugin is no plug-in: its package.json has no "oclif".');
  expect((await slapos('plugins', 'list')).stdout).toBe('No plug-ins.\n');
  expect((await slapos('plugins', 'remove', 'no-plugin')).stderr).toContain('There is no plug-in "no-plugin".');
});
