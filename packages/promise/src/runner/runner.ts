import {
  createLinuxHost,
  escapeControlCharacters,
  isSlapOSError,
  UntrustedDirectory,
  type Logger,
  type LogFields,
} from '@slapos/host';
import { SlapClient } from '@slapos/slap';

import { PromiseError, promiseFailureText } from '../errors.js';
import { formatLogDate } from '../evaluation/log-record.js';
import type { RunPromisesPorts } from '../run/options.js';
import { runPromises } from '../run/run-promises.js';
import { parseRunnerArguments, type RunnerArguments } from './arguments.js';

const EXIT_PASSED = 0;
const EXIT_UNEXPECTED = 1;
const EXIT_PROMISE_FAILED = 2;

/** Where the runner writes, and what it was started with. */
export interface RunnerStreams {
  /** The log. */
  readonly stdout: (text: string) => void;
  /** The failure alone. */
  readonly stderr: (text: string) => void;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

class LineLogger implements Logger {
  readonly #write: (text: string) => void;
  readonly #isDebug: boolean;
  readonly #fields: LogFields;

  constructor(write: (text: string) => void, isDebug: boolean, fields: LogFields = {}) {
    this.#write = write;
    this.#isDebug = isDebug;
    this.#fields = fields;
  }

  debug(message: string, fields?: LogFields): void {
    if (this.#isDebug) this.#line('DEBUG', message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#line('INFO', message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#line('WARNING', message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#line('ERROR', message, fields);
  }
  child(fields: LogFields): Logger {
    return new LineLogger(this.#write, this.#isDebug, { ...this.#fields, ...fields });
  }

  #line(level: string, message: string, fields: LogFields = {}): void {
    const all = Object.entries({ ...this.#fields, ...fields });
    const shown = all.map(([name, value]) => {
      const text = value instanceof Error ? value.message : typeof value === 'string' ? value : JSON.stringify(value);
      return `${name}=${text}`;
    });
    const line = [message, ...shown].join(' ');
    const who = `slapos[${String(process.pid)}]`;
    this.#write(`${formatLogDate(Date.now())} ${who} ${level} ${escapeControlCharacters(line)}\n`);
  }
}

/** Posts bangs with the certificate of the partition. */
function bangOf(options: RunnerArguments, logger: Logger): RunPromisesPorts['bang'] {
  const { masterUrl, partitionId, computerId, certFile, keyFile } = options;
  if (masterUrl === undefined || partitionId === undefined || computerId === undefined) return undefined;
  return async (message) => {
    await using client = new SlapClient({
      masterUrl,
      logger,
      ...(certFile === undefined || keyFile === undefined ? {} : { certFile, keyFile }),
    });
    await client.registerComputerPartition(computerId, partitionId).bang(message);
  };
}

/**
 * The command `slapos-run-promises`: what another node or a monitor calls. Returns the exit status: 0 all passed, 2 promises
 * failed (the text of the first failure, alone and without a line end, is on stderr), 1 something else. (spec: promise 7)
 */
export async function runPromisesCommand(argv: readonly string[], streams: RunnerStreams): Promise<number> {
  try {
    const options = parseRunnerArguments(argv);
    const logger = new LineLogger(streams.stdout, options.debug);
    await using host = createLinuxHost({ environment: streams.environment });
    const user = host.isRoot ? await ownerOf(options.partitionPath, host) : undefined;
    const bang = bangOf(options, logger);
    const { partitionId = 'None', computerId = 'None', masterUrl, certFile, keyFile, pythonInterpreter } = options;
    const report = await runPromises(
      {
        partitionPath: options.partitionPath,
        partitionId,
        computerId,
        timeoutSeconds: options.timeoutSeconds,
        force: options.force,
        checkAnomaly: options.checkAnomaly,
        debug: options.debug,
        ...(user === undefined ? {} : { user }),
        ...(masterUrl === undefined ? {} : { masterUrl }),
        ...(certFile === undefined ? {} : { certFile }),
        ...(keyFile === undefined ? {} : { keyFile }),
        ...(pythonInterpreter === undefined ? {} : { pythonInterpreter }),
      },
      { host, logger, ...(bang === undefined ? {} : { bang }) },
    );
    for (const { name, message, failed } of report.results) if (!failed) logger.info(message, { promise: name });
    if (report.firstFailure === undefined) return EXIT_PASSED;
    streams.stderr(promiseFailureText(report.firstFailure));
    return EXIT_PROMISE_FAILED;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = isSlapOSError(error) && error.hint !== undefined ? `\n${error.hint}` : '';
    streams.stderr(`${message}${hint}\n`);
    return EXIT_UNEXPECTED;
  }
}

async function ownerOf(
  partitionPath: string,
  host: ReturnType<typeof createLinuxHost>,
): Promise<NonNullable<Awaited<ReturnType<typeof host.users.byUid>>>> {
  await using partition = await UntrustedDirectory.open(partitionPath);
  const { uid } = await partition.statSelf();
  const user = uid === 0 ? undefined : await host.users.byUid(uid);
  if (user !== undefined) return user;
  throw new PromiseError(
    'PROMISE_REFUSED_ROOT',
    `${JSON.stringify(partitionPath)} belongs to uid ${String(uid)}, which is no user that promises can run as`,
    { hint: 'The partition must belong to its own user: run slapos node format.' },
  );
}
