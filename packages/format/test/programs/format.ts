import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import {
  type Command,
  type CommandRunner,
  createLinuxHost,
  LinuxAccounts,
  LinuxNetwork,
  type Logger,
} from '@slapos/host';
import { formatComputer, type FormatOptions } from '../../src/index.js';

/**
 * Formats as the file says that is the argument. It counts what it announces, the commands that it has run and what it does to the disk,
 * and kills itself with SIGKILL at that number, if one is given: in the middle of a write, before anything else.
 */
interface Request {
  readonly options: FormatOptions;
  readonly killAt?: number;
  readonly sentFile: string;
}

const request = JSON.parse(fs.readFileSync(process.argv[2] ?? '', 'utf8')) as Request;
let points = 0;
function point(last?: () => void): void {
  points += 1;
  if (points !== request.killAt) return;
  last?.();
  process.kill(process.pid, 'SIGKILL');
}

const CHANGING = [
  'renameSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
  'fchmodSync',
  'fchownSync',
  'lchownSync',
  'ftruncateSync',
  'fsyncSync',
] as const;

function countWrites(): void {
  type AnyFunction = (...args: unknown[]) => unknown;
  const functions = fs as unknown as Record<string, AnyFunction>;
  const originalOf = (name: string): AnyFunction => {
    const original = functions[name];
    if (original === undefined) throw new Error(`there is no fs.${name}`);
    return original;
  };
  for (const name of CHANGING) {
    const original = originalOf(name);
    functions[name] = (...args) => {
      point();
      return original(...args);
    };
  }
  const open = originalOf('openSync');
  functions['openSync'] = (...args) => {
    if ((Number(args[1]) & fs.constants.O_CREAT) !== 0) point();
    return open(...args);
  };
  const write = originalOf('writeSync');
  functions['writeSync'] = (...args) => {
    const data = args[1];
    point(() => {
      // Half of the data reaches the disk.
      if (data instanceof Uint8Array) write(args[0], data.subarray(0, Math.floor(data.length / 2)));
      if (typeof data === 'string') write(args[0], data.slice(0, Math.floor(data.length / 2)));
    });
    return write(...args);
  };
  syncBuiltinESMExports();
}

const warnings: string[] = [];
const logger: Logger = {
  // Each action is announced before it is done.
  debug: (message) => {
    if (message === 'Formatting') point();
  },
  info: () => {},
  warn: (message, fields) => warnings.push(`${message} ${JSON.stringify(fields)}`),
  error: (message) => warnings.push(message),
  child: () => logger,
};

countWrites();
await using real = createLinuxHost({ environment: process.env });
const commands: CommandRunner = {
  run: async (command: Command, options) => {
    const result = await real.commands.run(command, options);
    point();
    return result;
  },
};
const host = {
  ...real,
  commands,
  accounts: new LinuxAccounts(commands),
  network: new LinuxNetwork({ commands, users: real.users }),
};
try {
  const { actions, computer } = await formatComputer(request.options, {
    host,
    logger,
    slaposVersion: '0.1.0',
    send: async (document) => fs.writeFileSync(request.sentFile, document),
  });
  const kinds = actions.map(({ kind }) => kind);
  process.stdout.write(JSON.stringify({ kinds, actions, computer, points, warnings }));
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  process.stdout.write(JSON.stringify({ code, message, points, warnings }));
  process.exitCode = 1;
}
