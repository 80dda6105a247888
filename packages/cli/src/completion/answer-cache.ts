import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { nonEmpty } from '../config/non-empty.js';
import type { CompletionWord } from './command-words.js';

/** Long enough for one line that is typed, short enough to see what was just made (spec: ux-ideas §6). */
const FRESH_MS = 30_000;

/**
 * What a master or a web server answered lately, or answers now. When it does not answer, what it said before is better than nothing.
 * @param name what was asked
 * @param key whom, and for what: answers to different questions are kept apart
 */
export async function cachedWords(
  name: string,
  key: string,
  environment: NodeJS.ProcessEnv,
  ask: () => Promise<CompletionWord[]>,
): Promise<CompletionWord[]> {
  const base = nonEmpty(environment['XDG_CACHE_HOME']) ?? path.join(os.homedir(), '.cache');
  const id = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const file = path.join(base, 'slapos', `${name}-${id}.json`);
  const writtenAt = await stat(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => 0,
  );
  if (Date.now() - writtenAt < FRESH_MS) return readWords(file);
  try {
    const words = await ask();
    await keepWords(file, words);
    return words;
  } catch {
    return readWords(file);
  }
}

async function readWords(file: string): Promise<CompletionWord[]> {
  const content: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (!Array.isArray(content)) return [];
  return content.filter(
    (item: unknown): item is CompletionWord =>
      typeof item === 'object' &&
      item !== null &&
      'word' in item &&
      typeof item.word === 'string' &&
      'description' in item &&
      typeof item.description === 'string',
  );
}

/** Titles of instances are nobody else's business. */
async function keepWords(file: string, words: readonly CompletionWord[]): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, JSON.stringify(words), { mode: 0o600 });
  await rename(temporary, file);
}
