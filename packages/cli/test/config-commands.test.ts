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
  expect(text.stdout).toBe(`[slapos]\nmaster_url = http://m/   # ${file}:2\n`);
  const json = await runSlapos(['config', 'show', '--output', 'json', '--cfg', file]);
  expect(JSON.parse(json.stdout)).toMatchObject({
    apiVersion: 'slapos.cli/1',
    kind: 'Config',
    items: [{ section: 'slapos', key: 'master_url', value: 'http://m/' }, { key: 'certfile' }],
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
