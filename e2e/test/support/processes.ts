import { readdir, readFile, readlink } from 'node:fs/promises';

/** Command lines of the living processes that name the folder or work in it. */
export async function processesOf(directory: string): Promise<string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const commandLine = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
    const workingDirectory = await readlink(`/proc/${pid}/cwd`).catch(() => '');
    if (commandLine.includes(directory) || workingDirectory.startsWith(directory)) found.push(`${pid} ${commandLine}`);
  }
  return found;
}
