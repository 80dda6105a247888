import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLinuxHost } from '@slapos/host';
import { nonEmpty } from '../config/non-empty.js';

const DEFAULT_PAGER = 'less --quit-if-one-screen --no-init';

/**
 * Shows a long result: on a terminal through the user's pager, else as it is (spec: cli §6.2).
 * @param print writes the text on standard output
 */
export async function showText(text: string, print: (text: string) => void): Promise<void> {
  if (!process.stdout.isTTY || !(await showInPager(text))) print(text);
}

/** @returns whether a pager showed it */
async function showInPager(text: string): Promise<boolean> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-'));
  try {
    const file = path.join(folder, 'text');
    await writeFile(file, `${text}\n`, { mode: 0o600 });
    // PAGER is a shell command line by custom; the file is handed over as a word of its own.
    const { exitCode } = await createLinuxHost().commands.run({
      file: 'sh',
      args: ['-c', 'eval "$1" <"$2"', 'sh', nonEmpty(process.env['PAGER']) ?? DEFAULT_PAGER, file],
      env: { TERM: process.env['TERM'] ?? 'dumb' },
      inheritTerminal: true,
    });
    // The shell's word for a command that it cannot run.
    return exitCode !== 126 && exitCode !== 127;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
