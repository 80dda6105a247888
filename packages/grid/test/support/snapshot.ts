import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';

/** What differs from run to run: logs, times, caches, marks of removals. */
const VOLATILE =
  /(?:^|\/)(?:__pycache__|log|\.completed|\.slappart0_hello-server\.log(?:\.1)?|promise|removals\.json)$/;

/** Each run of buildout adds what it went through to the end of its own `.installed.cfg`; only what is installed matters. */
function withoutJournal(name: string, text: string): string {
  if (name !== '.installed.cfg') return text;
  const sections = text.split(/^(?=\[)/m).filter((section) => !section.startsWith('[buildout]'));
  return sections
    .map((section) => section.trim())
    .sort()
    .join('\n');
}

/** Everything below a folder: kind, mode, owner and content. */
export async function snapshot(directory: string, prefix = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(path.join(directory, prefix))) {
    const relative = path.join(prefix, name);
    const file = path.join(directory, relative);
    if (VOLATILE.test(relative) && relative !== 'etc/promise') continue;
    const stats = await lstat(file);
    const base = `${(stats.mode & 0o7777).toString(8)} ${String(stats.uid)}:${String(stats.gid)}`;
    if (stats.isDirectory()) {
      found[relative] = `folder ${base}`;
      Object.assign(found, await snapshot(directory, relative));
    } else if (stats.isSymbolicLink()) found[relative] = `link ${await readlink(file)}`;
    else if (stats.isFile()) found[relative] = `file ${base} ${withoutJournal(name, await readFile(file, 'utf8'))}`;
  }
  return found;
}
