import type { Command, UserIdentity } from '@slapos/host';

import { readAsset } from '../assets.js';
import type { DeclarativeCheck } from '../declarative/declarative-check.js';

/** Looked up in the trusted PATH when the software has no Python of its own. */
const DEFAULT_PYTHON = 'python3';
/** Between SIGTERM and SIGKILL, as in the Python node. */
const KILL_GRACE_MS = 1000;
/**
 * A constant script: messages leave by descriptor 3, what a promise prints goes to the log. Everything else is a positional
 * parameter.
 */
const SEPARATE_MESSAGES = 'exec "$@" 3>&1 1>&2';
/**
 * Constant programs, which read one JSON document and find the worker in it. The texts go through the pipe because the
 * partition's user often cannot read the folder in which this package lies, and so that no key shows in the process list.
 */
const PYTHON_START = [
  'import io, json',
  "document = json.loads(io.open(0, 'rb', closefd=False).read().decode('utf-8'))",
  "worker = {'__name__': 'promise_worker'}",
  "exec(compile(document['sources']['worker'], '<promise worker>', 'exec'), worker)",
  "worker['main'](document)",
].join('\n');
const JAVASCRIPT_START = [
  "import { readFileSync } from 'node:fs';",
  "const document = JSON.parse(readFileSync(0, 'utf8'));",
  'const load = (text) => import(`data:text/javascript,${encodeURIComponent(text)}`);',
  'const api = await load(document.sources.api);',
  'const { main } = await load(document.sources.worker);',
  'await main(document, api);',
].join('\n');

/** One promise for a worker. */
export interface WorkerJob {
  readonly index: number;
  readonly name: string;
  readonly title: string;
  readonly path: string;
  /** What to check, when a JSON file says it. */
  readonly check?: DeclarativeCheck;
}

export interface WorkerOptions {
  readonly language: 'python' | 'javascript';
  readonly partitionPath: string;
  /** What every promise is told. (spec: promise 4.1) */
  readonly config: Readonly<Record<string, unknown>>;
  readonly checkAnomaly: boolean;
  readonly pythonInterpreter: string | undefined;
  readonly user: UserIdentity | undefined;
}

/** The command that runs these jobs, one after the other, in one warm process of the partition's user. */
export async function workerCommand(jobs: readonly WorkerJob[], options: WorkerOptions): Promise<Command> {
  const { language, config, checkAnomaly, user } = options;
  const sources =
    language === 'python'
      ? { worker: await readAsset('python-worker.py') }
      : {
          api: await readAsset('promise-api.mjs'),
          worker: await readAsset('javascript-worker.mjs'),
          declarative: await readAsset('declarative-checks.mjs'),
        };
  const interpreter =
    language === 'python'
      ? [options.pythonInterpreter ?? DEFAULT_PYTHON, '-c', PYTHON_START]
      : [process.execPath, '--input-type=module', '--eval', JAVASCRIPT_START];
  return {
    file: 'sh',
    args: ['-c', SEPARATE_MESSAGES, 'sh', ...interpreter],
    cwd: options.partitionPath,
    input: JSON.stringify({ sources, config, checkAnomaly, jobs }),
    separateStderr: true,
    killGraceMs: KILL_GRACE_MS,
    killLeftovers: true,
    dieWithUs: true,
    ...(user === undefined ? {} : { user }),
  };
}
