import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { runSlapos } from './support/run-slapos.js';

let folder: string;
let file: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
  file = path.join(folder, 'slapos-client.cfg');
  await writeFile(file, '[slapos]\nmaster_url = http://m/\n[slapconsole]\ncertfile = x\n');
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

it('config path prints the path, and its origin on standard error', async () => {
  const { stdout, stderr } = await runSlapos(['config', 'path', '--client'], {
    env: { SLAPOS_CLIENT_CONFIGURATION: file },
  });
  expect(stdout).toBe(`${file}\n`);
  expect(stderr).toContain('It comes from the variable SLAPOS_CLIENT_CONFIGURATION.');
});

it('config show prints a section with its origins, or JSON', async () => {
  const text = await runSlapos(['config', 'show', 'slapos', '--origin', '--cfg', file]);
  expect(text.stdout).toMatch(/^master_url +http:\/\/m\/ +file /);
  expect(text.stdout).toContain(`  file ${file}:2\n`);
  expect(text.stdout).toMatch(/^promise_timeout +20 +default$/m);
  const plain = await runSlapos(['config', 'show', 'slapos', '--cfg', file]);
  expect(plain.stdout).toBe('[slapos]\nmaster_url = http://m/\n');
  const table = await runSlapos(['config', 'show', 'slapos', '--columns', 'key,value', '--no-headers', '--cfg', file]);
  expect(table.stdout).toMatch(/^master_url {2,}http:\/\/m\/\n/);
  const wrong = await runSlapos(['config', 'show', '--columns', 'kye', '--cfg', file]);
  expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
  expect(wrong.stderr).toMatch(
    /slapos config show: error: argument --columns: invalid choice: 'kye' .*\n +hint: Did you mean key\?/,
  );
  const yaml = await runSlapos(['config', 'show', 'slapos', '--output', 'yaml', '--cfg', file]);
  expect(yaml.stdout).toMatch(/^apiVersion: slapos\.cli\/1\nkind: Config\n/);
  const json = await runSlapos(['config', 'show', '--output', 'json', '--cfg', file]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    apiVersion: 'slapos.cli/1',
    kind: 'Config',
    items: expect.arrayContaining([
      { section: 'slapos', key: 'master_url', value: 'http://m/', origin: `file ${file}:2` },
      { section: 'slapos', key: 'promise_timeout', value: '20', origin: 'default' },
      expect.objectContaining({ key: 'certfile' }),
    ]) as unknown[],
  });
  const none = await runSlapos(['config', 'show', 'nothing', '--cfg', file]);
  expect(none).toMatchObject({ exitCode: 1, stdout: '' });
  expect(none.stderr).toContain('It has [slapos], [slapconsole].');
});

it('config check warns, and fails when that is asked for', async () => {
  const relaxed = await runSlapos(['config', 'check', file]);
  expect(relaxed).toMatchObject({
    exitCode: 0,
    stdout: `WARNING ${file}:4: [slapconsole] certfile is not used by this version   did you mean cert_file?\n${file}: 0 errors, 1 warning.\n`,
  });
  const strict = await runSlapos(['config', 'check', file, '--strict', '--output', 'json']);
  expect(strict.exitCode).toBe(1);
  expect(JSON.parse(strict.stdout)).toMatchObject({
    kind: 'ConfigCheck',
    errors: 0,
    warnings: 1,
    items: [{ severity: 'warning', code: 'unknown_key', line: 4, suggestion: 'cert_file' }],
  });
});

const UNKNOWN_KEY =
  /WARNING .*slapos-client\.cfg: 1 key is not used by this version:\n {2}\[slapconsole\] line 4 {2}certfile {3}did you mean cert_file\?\n/;

it('every command warns once of keys that nothing reads, and refuses them when that is asked for', async () => {
  const env = { SLAPOS_CLIENT_CONFIGURATION: file };
  for (const command of [
    'service list',
    'computer list',
    'computer token',
    'request a http://x/s.cfg',
    'supply http://x/s.cfg c',
  ]) {
    const { stderr } = await runSlapos(command.split(' '), { env });
    expect(stderr).toMatch(UNKNOWN_KEY);
    const strict = await runSlapos(command.split(' '), { env: { ...env, SLAPOS_CONFIG_STRICT: '1' } });
    expect(strict.exitCode).toBe(1);
    expect(strict.stderr).toMatch(/ERROR .*1 key is not used by this version:/);
  }
});

it('a node command is not bothered by sections that it does not read', async () => {
  const nodeFile = path.join(folder, 'slapos.cfg');
  await writeFile(
    nodeFile,
    '[slapos]\nroot_check = false\ninstance_rot = /x\n[slapconsole]\ncertfile = x\n[other]\nx = 1\n',
  );
  const { stderr } = await runSlapos(['node', 'bang'], { env: { SLAPOS_CONFIGURATION: nodeFile } });
  expect(stderr).toMatch(/ line 3 {2}instance_rot {3}did you mean instance_root\?\n/);
  expect(stderr).not.toContain('certfile');
});
