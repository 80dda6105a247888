import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ConfigFile, type ConfigFamily, configPath, loadConfigFile } from '../config/config-file.js';
import { SECTION_KEYS } from '../config/known-keys.js';
import { errorCodes } from '../explain/error-catalogue.js';
import { cachedWords } from './answer-cache.js';
import type { CompletionWord } from './command-words.js';

/** What is asked for. */
export interface ValueRequest {
  readonly kind:
    | 'partition'
    | 'program'
    | 'software'
    | 'software-hash'
    | 'service'
    | 'computer'
    | 'state'
    | 'error-code'
    | 'section';
  /** Arguments that stand before. */
  readonly args: readonly string[];
  /** What `--cfg` says. */
  readonly configFile: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
}

const DEFAULT_PARTITION_NAME = 'slappart';
/** A master that takes longer is not waited for while somebody types. */
const MASTER_PATIENCE_MS = 1000;

/** What can stand there now, as far as this machine and the master say; nothing when they do not (spec: ux-ideas §6). */
export async function liveValues(request: ValueRequest): Promise<CompletionWord[]> {
  switch (request.kind) {
    case 'partition':
      return partitions(await config('node', request));
    case 'program':
      return programs(await config('node', request), request.args[0]);
    case 'software':
      return software(await config('node', request), true);
    case 'software-hash':
      return software(await config('node', request), false);
    case 'service':
      return services(request);
    case 'computer':
      return computers(request);
    case 'state':
      return ['started', 'stopped', 'destroyed'].map((word) => ({ word, description: '' }));
    case 'error-code':
      return errorCodes().map((word) => ({ word, description: '' }));
    case 'section':
      return Object.keys(SECTION_KEYS).map((word) => ({ word, description: '' }));
  }
}

async function config(family: ConfigFamily, { configFile, environment }: ValueRequest): Promise<ConfigFile> {
  return loadConfigFile(configPath(family, configFile, environment), family);
}

async function partitions(node: ConfigFile): Promise<CompletionWord[]> {
  const root = node.value('slapos', 'instance_root') ?? '';
  const base = node.value('slapformat', 'partition_base_name') ?? DEFAULT_PARTITION_NAME;
  const names = (await readdir(root)).filter((name) => name.startsWith(base) && /^\d+$/.test(name.slice(base.length)));
  names.sort((one, other) => Number(one.slice(base.length)) - Number(other.slice(base.length)));
  return Promise.all(
    names.map(async (word) => {
      // The profile of an instance is written when there is one, and removed with it.
      const isBusy = await exists(path.join(root, word, 'buildout.cfg'));
      return { word, description: isBusy ? 'busy' : 'free' };
    }),
  );
}

/** Processes by the names that supervisorctl takes, from what the supervisor reads: it need not run, and is not asked. */
async function programs(node: ConfigFile, partition: string | undefined): Promise<CompletionWord[]> {
  const folder = path.join(node.value('slapos', 'instance_root') ?? '', 'etc/supervisord.conf.d');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.conf')).sort();
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const words = texts.flatMap((text) => {
    const group = /^\[group:([^\]]+)\]/m.exec(text)?.[1];
    const names = [...text.matchAll(/^process_name\s*=\s*(\S+)/gm)].map((match) => match[1] ?? '');
    const all = group === undefined ? [] : [{ word: `${group}:*`, description: `all of ${group}` }];
    return [
      ...all,
      ...names.map((name) => ({ word: group === undefined ? name : `${group}:${name}`, description: '' })),
    ];
  });
  if (partition === undefined || !words.some(({ word }) => word.startsWith(`${partition}:`))) return words;
  // Behind a partition only what runs in it, without its name.
  return words
    .filter(({ word }) => word.startsWith(`${partition}:`) && !word.endsWith('*'))
    .map(({ word, description }) => ({ word: word.slice(partition.length + 1), description }));
}

/** Software Releases of this machine: by URL where one is asked for, else by the names of their folders, which are shorter. */
async function software(node: ConfigFile, byUrl: boolean): Promise<CompletionWord[]> {
  const root = node.value('slapos', 'software_root') ?? '';
  const names = (await readdir(root)).filter((name) => /^[0-9a-f]{32}$/.test(name)).sort();
  const found = await Promise.all(
    names.map(async (name) => {
      const profile = await readFile(path.join(root, name, 'buildout.cfg'), 'utf8').catch(() => '');
      const url = /^extends\s*=\s*(\S+)/m.exec(profile)?.[1];
      return byUrl && url !== undefined ? { word: url, description: name } : { word: name, description: url ?? '' };
    }),
  );
  return found;
}

async function services(request: ValueRequest): Promise<CompletionWord[]> {
  const client = await config('client', request);
  return cachedWords('services', client.file, request.environment, async () => {
    const { openClient } = await import('../client/session.js');
    const { quietLog } = await import('./quiet-log.js');
    await using slap = openClient(client, quietLog());
    const trees = await slap.getOpenOrderDict({ signal: AbortSignal.timeout(MASTER_PATIENCE_MS) });
    return Object.entries(trees).map(([word, tree]) => ({ word, description: textOf(tree['url_string']) }));
  });
}

async function computers(request: ValueRequest): Promise<CompletionWord[]> {
  const own = await config('node', request).then(
    (node) => node.value('slapos', 'computer_id'),
    () => undefined,
  );
  const here = own === undefined ? [] : [{ word: own, description: 'this computer' }];
  const others = await config('client', request)
    .then((client) =>
      cachedWords('computers', client.file, request.environment, async () => {
        const { openClient } = await import('../client/session.js');
        const { quietLog } = await import('./quiet-log.js');
        await using slap = openClient(client, quietLog());
        const found = await slap.getComputerDict({ signal: AbortSignal.timeout(MASTER_PATIENCE_MS) });
        return Object.entries(found).map(([title, { reference }]) => ({ word: textOf(reference), description: title }));
      }),
    )
    .catch(() => []);
  return [...here, ...others.filter(({ word }) => word !== own)];
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
