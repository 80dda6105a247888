import fs from 'node:fs';
import {
  type Command,
  type CommandRunner,
  createLinuxHost,
  LinuxAccounts,
  LinuxNetwork,
  type Logger,
} from '@slapos/host';
import { formatComputer, type FormatOptions } from '../../src/index.js';

/** Formats as the file says that is the argument, and kills itself at the point of that number, if one is given. */
interface Request {
  readonly options: FormatOptions;
  readonly killAt?: number;
  readonly sentFile: string;
}

const request = JSON.parse(fs.readFileSync(process.argv[2] ?? '', 'utf8')) as Request;
let points = 0;
function point(): void {
  points += 1;
  if (points === request.killAt) process.kill(process.pid, 'SIGKILL');
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
