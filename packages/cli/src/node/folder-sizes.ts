import { createLinuxHost, type Logger } from '@slapos/host';

const KIBIBYTE = 1024;

/** What folders take on the disk, in bytes; one that is missing, or that only others may look into, is left out. */
export async function folderSizes(folders: readonly string[], logger: Logger): Promise<ReadonlyMap<string, number>> {
  if (folders.length === 0) return new Map();
  const { commands } = createLinuxHost({ logger });
  // It ends with an error when it could not read everything, and says what it found all the same.
  const { output } = await commands.run({ file: 'du', args: ['-sk', '--', ...folders] });
  const lines = output.split('\n').flatMap((line) => {
    const [, size, folder] = /^(\d+)\t(.*)$/.exec(line) ?? [];
    return folder === undefined ? [] : [[folder, Number(size) * KIBIBYTE] as const];
  });
  return new Map(lines);
}
