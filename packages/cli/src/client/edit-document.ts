import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLinuxHost } from '@slapos/host';
import { nonEmpty } from '../config/non-empty.js';
import { CliError } from '../errors.js';
import { type FileParameters, readParameters } from './parameters-file.js';

const PRIVATE_FILE = 0o600;

/**
 * Lets the user edit a document, as YAML, in `$VISUAL` or `$EDITOR` (spec: ux-ideas §12).
 * @returns what the user left; `undefined` when nothing was changed
 * @throws CliError `CLI_INPUT` when the editor fails or what it leaves cannot be read; the file is kept then, so that nothing is lost
 */
export async function editDocument(
  document: Readonly<Record<string, unknown>>,
  comment: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<FileParameters | undefined> {
  const { stringify } = await import('../output/yaml.js');
  const folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-edit-'));
  const file = path.join(folder, 'parameters.yaml');
  const before = `# ${comment}\n${Object.keys(document).length === 0 ? '' : stringify(document, { lineWidth: 0 })}`;
  await writeFile(file, before, { mode: PRIVATE_FILE });
  await runEditor(file, environment).catch(async (error: unknown) => {
    await rm(folder, { recursive: true });
    throw error;
  });
  const content = await readFile(file, 'utf8');
  if (content === before) {
    await rm(folder, { recursive: true });
    return undefined;
  }
  // A document of comments only is an empty one.
  const hasContent = content.split('\n').some((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const parameters = hasContent ? await readParameters(content, 'yaml', file) : {};
  await rm(folder, { recursive: true });
  return { parameters, isXml: false, source: { name: path.basename(file), content, format: 'yaml' } };
}

async function runEditor(file: string, environment: NodeJS.ProcessEnv): Promise<void> {
  const editor = nonEmpty(environment['VISUAL']) ?? nonEmpty(environment['EDITOR']) ?? 'vi';
  // The variable is a shell command line by custom (`code --wait`); the file's name is a word of its own.
  const { exitCode: code } = await createLinuxHost().commands.run({
    file: 'sh',
    args: ['-c', 'eval "$1 \\"\\$2\\""', 'sh', editor, file],
    env: { TERM: environment['TERM'] ?? 'dumb', HOME: environment['HOME'] ?? '/' },
    inheritTerminal: true,
  });
  if (code === 0) return;
  throw new CliError(
    'CLI_INPUT',
    `The editor ${JSON.stringify(editor)} ended with ${code ?? 'a signal'}; nothing is sent.`,
    {
      hint: 'Name an editor in the variable EDITOR.',
    },
  );
}
