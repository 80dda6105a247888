// eslint-disable-next-line no-restricted-imports -- Going to the background is being started again, detached.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { closeInheritedDescriptors, createLinuxHost } from '@slapos/host';
import { ConfigurationError } from '../configuration/configuration-error.js';
import { readConfiguration } from '../configuration/read-configuration.js';
import type { Configuration } from '../configuration/types.js';
import { reasonOf } from '../process/process-output.js';
import { ControlServer } from '../rpc/http-server.js';
import { MainLog } from './main-log.js';
import { type DaemonOptions, HELP, readOptions, UsageError } from './options.js';
import { SupervisorDaemon } from './supervisor-daemon.js';

const VERSION = '4.2.5';
const EXIT_USAGE = 2;
/** Marks the process that shall go on in the background; not for people. */
const BACKGROUND_WORD = '--in-background';
/** What the process in the background says when its socket is there. */
const READY_WORD = 'slapos-supervisord ready\n';
const ROOT_FOLDER = '/';

/**
 * Runs the daemon until it ends (spec: supervisor §9.7).
 * @param args words of the command line, without the program
 * @param program how this program is started, for going to the background: the words before `args`
 * @returns the exit status
 */
export async function runDaemon(args: readonly string[], program: readonly string[]): Promise<number> {
  closeInheritedDescriptors();
  const isBackground = args.at(-1) === BACKGROUND_WORD;
  try {
    const options = readOptions(isBackground ? args.slice(0, -1) : args);
    if (options.action === 'help') process.stdout.write(HELP);
    if (options.action === 'version') process.stdout.write(`${VERSION}\n`);
    if (options.action !== 'run') return 0;
    const configuration = await readConfiguration(options.configurationFile, createLinuxHost().users);
    if (!isBackground && !options.noDaemon && !configuration.daemon.noDaemon)
      return await runInBackground(args, program);
    return await serveUntilEnd(options, configuration, isBackground);
  } catch (error) {
    if (!(error instanceof ConfigurationError) && !(error instanceof UsageError)) {
      process.stderr.write(`Error: ${reasonOf(error)}\n`);
      return 1;
    }
    process.stderr.write(`Error: ${error.message}\nFor help, use ${path.basename(program.at(-1) ?? '')} -h\n`);
    return EXIT_USAGE;
  }
}

/** Starts the same program once more, detached, and waits until it serves or has failed. */
async function runInBackground(args: readonly string[], [file = '', ...words]: readonly string[]): Promise<number> {
  const child = spawn(file, [...words, ...args, BACKGROUND_WORD], {
    cwd: ROOT_FOLDER,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.stderr.pipe(process.stderr);
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (!output.includes(READY_WORD)) return;
      child.unref();
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(0);
    });
    child.once('close', (code) => resolve(code ?? 1));
  });
}

async function serveUntilEnd(options: DaemonOptions, first: Configuration, isBackground: boolean): Promise<number> {
  const users = createLinuxHost().users;
  const configurationFile = path.resolve(options.configurationFile);
  let configuration = first;
  for (;;) {
    const { daemon: settings } = configuration;
    process.umask(settings.umask);
    process.chdir(settings.directory ?? (isBackground ? ROOT_FOLDER : process.cwd()));
    const mainLog = new MainLog({
      file: settings.logFile,
      maxBytes: settings.logMaxBytes,
      backups: settings.logBackups,
      level: settings.logLevel,
      echo: isBackground ? undefined : (line) => process.stdout.write(line),
    });
    const daemon = new SupervisorDaemon({
      configurationFile,
      configuration,
      users,
      mainLog,
      environment: ownEnvironment(),
    });
    const server = new ControlServer(settings.socket, daemon);
    await server.listen();
    const release = handleSignals(daemon);
    fs.writeFileSync(settings.pidFile, `${String(process.pid)}\n`);
    mainLog.write('info', `supervisord started with pid ${String(process.pid)}`);
    daemon.start();
    if (isBackground && configuration === first) process.stdout.write(READY_WORD);
    const reason = await daemon.stopped;
    await server[Symbol.asyncDispose]();
    release();
    if (reason === 'shutdown') {
      fs.rmSync(settings.pidFile, { force: true });
      mainLog.close();
      return 0;
    }
    configuration = await readConfiguration(configurationFile, users);
    mainLog.close();
  }
}

/** SIGTERM, SIGINT, SIGQUIT end, SIGHUP begins anew, SIGUSR2 opens logs again; nothing else ends a supervisor. */
function handleSignals(daemon: SupervisorDaemon): () => void {
  const log = (message: string): void => daemon.mainLog.write('warn', message);
  const end = (signal: unknown): void => {
    log(`received ${String(signal)} indicating exit request`);
    void daemon.end('shutdown');
  };
  const handlers: readonly (readonly [string, (argument: unknown) => void])[] = [
    ['SIGTERM', end],
    ['SIGINT', end],
    ['SIGQUIT', end],
    [
      'SIGHUP',
      () => {
        log('received SIGHUP indicating restart request');
        void daemon.end('restart');
      },
    ],
    [
      'SIGUSR2',
      () => {
        daemon.mainLog.write('info', 'received SIGUSR2 indicating log reopen request');
        daemon.reopenLogs();
      },
    ],
    // Services matter more than a bug in one corner: it is logged, and they go on.
    ['uncaughtException', (error) => daemon.mainLog.write('critical', `unexpected error: ${reasonOf(error)}`)],
    ['unhandledRejection', (reason) => daemon.mainLog.write('critical', `unexpected error: ${reasonOf(reason)}`)],
  ];
  for (const [name, handler] of handlers) process.on(name, handler);
  return () => {
    for (const [name, handler] of handlers) process.off(name, handler);
  };
}

function ownEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  // eslint-disable-next-line no-restricted-syntax -- Processes inherit what the daemon was given (spec: supervisor §9.5).
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return environment;
}
