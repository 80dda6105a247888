import type { SlapClient } from '@slapos/slap';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { type ConfigFile, type ConfigFamily, configPath, loadConfigFile } from '../config/config-file.js';
import { SECTION_KEYS } from '../config/known-keys.js';
import { cachedWords } from './answer-cache.js';
import type { CompletionWord } from './command-words.js';
import { parameterWords, softwareTypes, type TypedRelease } from './schema-values.js';
import type { TypedLine } from './typed-line.js';

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
    | 'section'
    | 'condition'
    | 'filter'
    | 'software-type'
    | 'parameter'
    | 'inner-parameter';
  /** What stands before. */
  readonly line: TypedLine;
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
      return programs(await config('node', request), request.line.args[0]);
    case 'software':
      return releases(request);
    case 'software-hash':
      return software(await config('node', request), false);
    case 'service':
      return services(request);
    case 'computer':
      return computers(request);
    case 'filter':
      return (await computers(request)).map(({ word, description }) => ({
        word: `computer_guid=${word}`,
        description,
      }));
    case 'software-type':
      return schemaWords('types', request, softwareTypes);
    case 'parameter':
      // Parameters on the line are plain keys, and the point is a part of the key.
      return (await schemaWords('parameters', request, parameterWords)).filter(({ word }) => !/^[^=]*\./.test(word));
    case 'inner-parameter':
      return schemaWords('parameters', request, parameterWords);
    case 'state':
      return ['started', 'stopped', 'destroyed'].map((word) => ({ word, description: '' }));
    case 'condition':
      return [
        { word: 'green', description: 'all its promises succeed' },
        { word: 'published', description: 'it has published something' },
      ];
    case 'error-code':
      return (await import('../explain/error-catalogue.js')).errorCodes().map((word) => ({ word, description: '' }));
    case 'section':
      return Object.keys(SECTION_KEYS).map((word) => ({ word, description: '' }));
  }
}

async function config(family: ConfigFamily, { line, environment }: ValueRequest): Promise<ConfigFile> {
  return loadConfigFile(configPath(family, line.options.get('cfg'), environment), family);
}

async function partitions(node: ConfigFile): Promise<CompletionWord[]> {
  const root = node.value('slapos', 'instance_root') ?? '';
  const base = node.value('slapformat', 'partition_base_name') ?? DEFAULT_PARTITION_NAME;
  const names = (await readdir(root)).filter((name) => name.startsWith(base) && /^\d+$/.test(name.slice(base.length)));
  names.sort((one, other) => Number(one.slice(base.length)) - Number(other.slice(base.length)));
  const owners = await ownersOf(root);
  return Promise.all(
    names.map(async (word) => {
      const owner = owners.get(word);
      if (owner !== undefined) return { word, description: `busy: ${owner}` };
      // The profile of an instance is written when there is one, and removed with it.
      const isBusy = await exists(path.join(root, word, 'buildout.cfg'));
      return { word, description: isBusy ? 'busy' : 'free' };
    }),
  );
}

/** By partition, the title of its instance and the state that is wanted, as the master said in the last pass; where one may know. */
async function ownersOf(instanceRoot: string): Promise<ReadonlyMap<string, string>> {
  const { lastTarget } = await import('./last-target.js');
  const target = await lastTarget(instanceRoot).catch(() => []);
  return new Map(
    target.map(({ partitionId, instanceTitle, requestedState }) => [
      partitionId,
      [instanceTitle, requestedState].filter((text) => text !== undefined).join(', '),
    ]),
  );
}

/** Processes by the names that supervisorctl takes, from what the supervisor reads: it need not run, and is not asked. */
async function programs(node: ConfigFile, partition: string | undefined): Promise<CompletionWord[]> {
  const folder = path.join(node.value('slapos', 'instance_root') ?? '', 'etc/supervisord.conf.d');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.conf')).sort();
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  const all: CompletionWord[] = [{ word: 'all', description: 'everything that is supervised' }];
  const words = texts.flatMap((text) => {
    const group = /^\[group:([^\]]+)\]/m.exec(text)?.[1];
    const names = [...text.matchAll(/^process_name\s*=\s*(\S+)/gm)].map((match) => match[1] ?? '');
    const whole = group === undefined ? [] : [{ word: `${group}:*`, description: `all of ${group}` }];
    return [
      ...whole,
      ...names.map((name) => ({ word: group === undefined ? name : `${group}:${name}`, description: '' })),
    ];
  });
  if (partition === undefined || !words.some(({ word }) => word.startsWith(`${partition}:`))) return [...all, ...words];
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

/** Those of this machine, and those that the instances of this user are of. */
async function releases(request: ValueRequest): Promise<CompletionWord[]> {
  const here = await config('node', request)
    .then((node) => software(node, true))
    .catch(() => []);
  const known = new Map(here.map((release) => [release.word, release]));
  for (const { word: title, description: url } of await services(request).catch(() => [])) {
    if (url !== '' && !known.has(url)) known.set(url, { word: url, description: `of ${title}` });
  }
  return [...known.values()];
}

async function services(request: ValueRequest): Promise<CompletionWord[]> {
  const client = await config('client', request);
  return cachedWords('services', path.resolve(client.file), request.environment, () =>
    askMaster(client, async (slap, signal) => {
      const trees = await slap.getOpenOrderDict({ signal });
      return Object.entries(trees).map(([word, tree]) => ({ word, description: textOf(tree['url_string']) }));
    }),
  );
}

async function askMaster<Answer>(
  client: ConfigFile,
  ask: (slap: SlapClient, signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const { openClient } = await import('../client/session.js');
  const { quietLog } = await import('./quiet-log.js');
  await using slap = openClient(client, quietLog());
  return await ask(slap, AbortSignal.timeout(MASTER_PATIENCE_MS));
}

/** What the description of the release that is named before says of the software type that is named before, if it is. */
async function schemaWords(
  name: string,
  request: ValueRequest,
  read: (release: TypedRelease) => Promise<CompletionWord[]>,
): Promise<CompletionWord[]> {
  const { line, environment } = request;
  const typed = line.args[line.command?.id === 'request' ? 1 : 0];
  if (typed === undefined) return [];
  const softwareType = line.options.get('type');
  const shared = line.switches.has('slave') || line.switches.has('shared');
  // A path means another file in another folder.
  const key = [path.resolve('.'), typed, softwareType ?? '', shared].join(' ');
  return cachedWords(name, key, environment, async () => {
    const product = /^product\.(.+)$/.exec(typed)?.[1];
    const softwareReleaseUrl =
      product === undefined
        ? typed
        : await askMaster(await config('client', request), (slap) => slap.registerSoftwareProducts().get(product));
    return read({ softwareReleaseUrl, softwareType, shared });
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
      cachedWords('computers', path.resolve(client.file), request.environment, () =>
        askMaster(client, async (slap, signal) => {
          const found = await slap.getComputerDict({ signal });
          return Object.entries(found).map(([title, { reference }]) => ({
            word: textOf(reference),
            description: title,
          }));
        }),
      ),
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
