import { expect, it } from 'vitest';
import { EXIT_CODES } from '../src/exit-codes.js';
import { EXIT_CODE_TABLE } from '../src/explain/exit-code-table.js';
import { HELP_TOPICS } from '../src/explain/help-topics.js';
import { runSlapos } from './support/run-slapos.js';

it.each(HELP_TOPICS.map(({ name }) => name))('help %s', async (name) => {
  const { exitCode, stdout, stderr } = await runSlapos(['help', name]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  await expect(stdout).toMatchFileSnapshot(`help/topics/${name}.txt`);
});

it('explains every exit code, once', () => {
  expect(EXIT_CODE_TABLE.map(({ code }) => code)).toEqual(
    [...new Set<number>(Object.values(EXIT_CODES))].sort((one, other) => one - other),
  );
});

it('help of a group lists its commands', async () => {
  const { exitCode, stdout } = await runSlapos(['help', 'service']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^service commands:\n/);
  expect(stdout).toMatch(/^ {2}service info +get status/m);
  expect(stdout).not.toContain('node instance');
});

it('help of what is none is an unknown command', async () => {
  expect(await runSlapos(['help', 'nonsense'])).toMatchObject({ exitCode: 5, stdout: '' });
});
