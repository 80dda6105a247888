import { open, stat } from 'node:fs/promises';
import { createLinuxHost } from '@slapos/host';
import { z } from 'zod';
import { StandaloneError } from '../errors.js';

const DEFAULT_PYTHON = 'python3';
const TIMEOUT_MS = 60_000;
const FIRST_LINE_BYTES = 1024;
// Only the module is executed, not its promise; what it prints goes elsewhere than our answer.
const PROGRAM = `
import json, os, runpy, sys
answer = os.dup(1)
os.dup2(2, 1)
values = runpy.run_path(sys.argv[1]).get('extra_config_dict', {})
os.write(answer, json.dumps(values).encode())
`;

/**
 * The `extra_config_dict` of a Python promise plug-in: what it was configured with. The file is executed by the Python of its first line,
 * else by `python3`, as its owner.
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS` with what Python printed
 */
export async function promiseConfiguration(file: string): Promise<Record<string, unknown>> {
  await using host = createLinuxHost();
  const { uid } = await stat(file);
  const user = host.isRoot && uid !== 0 ? await host.users.byUid(uid) : undefined;
  const [program = DEFAULT_PYTHON, ...args] = await interpreterOf(file);
  const result = await host.commands.run({
    file: program,
    args: [...args, '-B', '-c', PROGRAM, file],
    separateStderr: true,
    timeoutMs: TIMEOUT_MS,
    ...(user === undefined ? {} : { user }),
  });
  const parsed = z.record(z.string(), z.unknown()).safeParse(parseJson(result.output));
  if (result.exitCode === 0 && parsed.success) return parsed.data;
  throw new StandaloneError(
    'STANDALONE_INVALID_OPTIONS',
    `${file} cannot be read as a promise plug-in:\n${result.stderr}`,
  );
}

async function interpreterOf(file: string): Promise<string[]> {
  await using handle = await open(file);
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(FIRST_LINE_BYTES), 0, FIRST_LINE_BYTES, 0);
  const [first = ''] = buffer.toString('utf8', 0, bytesRead).split('\n');
  return first.startsWith('#!/') ? first.slice(2).trim().split(/\s+/) : [];
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
