import { runSupervisorctl, runSupervisorctlPrompt } from '@slapos/supervisor';
import { createInterface } from 'node:readline';

/**
 * Hands words to our own supervisorctl, on our terminal; without any it asks for them.
 * @returns its exit status
 */
export async function runOwnSupervisorctl(
  instanceRoot: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  if (words.length === 0) return runSupervisorctlPrompt({ instanceRoot, input: process.stdin, output: process.stdout });
  const typed = words[0] === 'fg' ? createInterface({ input: process.stdin }) : undefined;
  try {
    const print = (text: string): void => void process.stdout.write(text);
    return await runSupervisorctl({ instanceRoot, words, signal, print, typed });
  } finally {
    typed?.close();
  }
}
