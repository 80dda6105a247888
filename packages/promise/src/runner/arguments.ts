import path from 'node:path';
import { parseArgs } from 'node:util';

import { PromiseError } from '../errors.js';
import { DEFAULT_PROMISE_TIMEOUT_SECONDS } from '../run/options.js';

const OPTIONS = {
  'promise-folder': { type: 'string' },
  'legacy-promise-folder': { type: 'string' },
  'promise-timeout': { type: 'string' },
  'partition-folder': { type: 'string' },
  'log-folder': { type: 'string' },
  force: { type: 'boolean' },
  'check-anomaly': { type: 'boolean' },
  debug: { type: 'boolean' },
  'master-url': { type: 'string' },
  'partition-cert': { type: 'string' },
  'partition-key': { type: 'string' },
  'partition-id': { type: 'string' },
  'computer-id': { type: 'string' },
  python: { type: 'string' },
} as const;

/** Where the folders of a partition are; the options that name them may only say the same. */
const FOLDERS = {
  'promise-folder': 'etc/plugin',
  'legacy-promise-folder': 'etc/promise',
  'log-folder': '.slapgrid/promise/log',
} as const;

/** The arguments of `slapos-run-promises`. */
export interface RunnerArguments {
  readonly partitionPath: string;
  readonly timeoutSeconds: number;
  readonly force: boolean;
  readonly checkAnomaly: boolean;
  readonly debug: boolean;
  readonly masterUrl: string | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly partitionId: string | undefined;
  readonly computerId: string | undefined;
  readonly pythonInterpreter: string | undefined;
}

const refuse = (message: string, hint?: string): PromiseError =>
  new PromiseError('PROMISE_INVALID_OPTION', message, hint === undefined ? {} : { hint });

/**
 * Reads the arguments of the runner; the text `None` is an unknown value. (spec: promise 7)
 * @throws PromiseError `PROMISE_INVALID_OPTION`.
 */
export function parseRunnerArguments(argv: readonly string[]): RunnerArguments {
  const values = parse(argv);
  const text = (name: Exclude<keyof typeof OPTIONS, 'force' | 'check-anomaly' | 'debug'>): string | undefined =>
    values[name] === 'None' ? undefined : values[name];
  const partition = text('partition-folder');
  if (partition === undefined) throw refuse('--partition-folder is missing');
  if (!path.isAbsolute(partition)) throw refuse(`--partition-folder ${JSON.stringify(partition)} is not absolute`);
  const partitionPath = path.normalize(partition);
  for (const [name, place] of Object.entries(FOLDERS) as [keyof typeof FOLDERS, string][]) {
    const given = text(name);
    const expected = path.join(partitionPath, place);
    if (given !== undefined && path.resolve(given) !== expected) {
      throw refuse(
        `--${name} is ${JSON.stringify(given)}, expected ${JSON.stringify(expected)}`,
        'The folders of promises have fixed places in a partition.',
      );
    }
  }
  const timeoutText = text('promise-timeout');
  const timeoutSeconds = timeoutText === undefined ? DEFAULT_PROMISE_TIMEOUT_SECONDS : Number(timeoutText);
  if (!(timeoutSeconds > 0)) {
    throw refuse(`--promise-timeout ${JSON.stringify(timeoutText)} is not a number of seconds greater than 0`);
  }
  return {
    partitionPath,
    timeoutSeconds,
    force: values.force ?? false,
    checkAnomaly: values['check-anomaly'] ?? false,
    debug: values.debug ?? false,
    masterUrl: text('master-url'),
    certFile: text('partition-cert'),
    keyFile: text('partition-key'),
    partitionId: text('partition-id'),
    computerId: text('computer-id'),
    pythonInterpreter: text('python'),
  };
}

function parse(argv: readonly string[]): ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>['values'] {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, strict: true }).values;
  } catch (error) {
    throw refuse(
      error instanceof Error ? error.message : String(error),
      `Options: ${Object.keys(OPTIONS)
        .map((name) => `--${name}`)
        .join(' ')}`,
    );
  }
}
