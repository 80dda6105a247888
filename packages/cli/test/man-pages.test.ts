import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { manPages } from '../src/explain/man-page.js';

const FOLDER = path.resolve(import.meta.dirname, '../dist/man');
const isManInstalled = spawnSync('man', ['--version']).status === 0;

it('there is a page for every command, one for the program, and one for the configuration', () => {
  const { commands } = JSON.parse(readFileSync(path.resolve(FOLDER, '../../oclif.manifest.json'), 'utf8')) as {
    commands: Record<string, unknown>;
  };
  const expected = Object.keys(commands).map((id) => `slapos-${id.replaceAll(':', '-')}.1`);
  expect(readdirSync(FOLDER).sort()).toEqual([...expected, 'slapos.1', 'slapos.cfg.5'].sort());
});

it('no text is taken for a command of roff', () => {
  const pages = manPages({
    version: '1',
    commands: [
      {
        id: 'x',
        summary: '.SH',
        description: ".so /etc/passwd\n'br \\n[x] a-b",
        args: {},
        flags: {},
        hidden: false,
        examples: ['.x'],
      },
    ],
  });
  const page = pages.find(({ file }) => file === 'slapos-x.1')?.text ?? '';
  expect(page).toContain("\\&.so /etc/passwd\n\\&'br \\en[x] a\\-b");
  expect(page).toContain('.nf\n\\&.x\n.fi');
});

describe.runIf(isManInstalled)('man', () => {
  it.each(readdirSync(FOLDER))('reads %s without a complaint', (file) => {
    const result = spawnSync('man', ['--warnings', '-l', path.join(FOLDER, file)], {
      encoding: 'utf8',
      env: { ...process.env, MANPAGER: 'cat', MANWIDTH: '100', LC_ALL: 'C.UTF-8' },
    });
    expect({ status: result.status, stderr: result.stderr }).toEqual({ status: 0, stderr: '' });
    expect(result.stdout).toContain('NAME');
  });

  it('shows options as they are typed', () => {
    const page = execFileSync('man', ['-l', path.join(FOLDER, 'slapos-node-instance.1')], {
      encoding: 'utf8',
      env: { ...process.env, MANPAGER: 'cat', MANWIDTH: '100', LC_ALL: 'C' },
    });
    expect(page.replaceAll(/.\u0008/g, '')).toMatch(/^ +--only-cp /m);
  });
});
