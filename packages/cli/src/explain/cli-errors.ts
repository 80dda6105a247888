import type { CliErrorCode } from '../errors.js';
import type { ExplanationsOf } from './explanation.js';

export const cliErrors: ExplanationsOf<CliErrorCode> = {
  CLI_CONFIGURATION: {
    meaning:
      'A configuration file is missing, cannot be read, lacks a key that the command needs, or holds a value that cannot be. The message names file, line, section and key.',
    remedy:
      'Correct that line, or name another file with --cfg. Values of the command line win over those of the file.',
    run: ['slapos config path', 'slapos config check', 'slapos config show --origin'],
  },
  CLI_INPUT: {
    meaning:
      'What an argument names cannot be used: a file of parameters that is no JSON, YAML or XML, a log file that cannot be written, a section that does not exist.',
    remedy: 'The message says which one and what was expected.',
  },
  CLI_NOT_ROOT: {
    meaning: 'The command changes what only root may change, and somebody else ran it.',
    remedy: 'Run it with sudo. For a node that runs everything as you, set root_check = false in [slapos].',
  },
  CLI_TIMEOUT: {
    meaning: 'A command was told to wait for something, and it did not happen in the time that --timeout gives.',
    remedy:
      'What was requested stays requested. Wait longer, or look why it takes so long: the computer may be off, its software not built, or a promise failing.',
    run: ['slapos service info NAME', 'slapos node status', 'slapos node logs'],
  },
  CLI_UNKNOWN_COMMAND: {
    meaning: 'There is no command of that name, or an option stands where the name of a command is expected.',
    remedy:
      'The message lists the commands, and the one that was probably meant. A command of a plug-in needs its plug-in.',
    run: ['slapos help', 'slapos plugins list'],
  },
  CLI_USAGE: {
    meaning: 'Arguments or options of a command are missing, unknown, or exclude each other.',
    remedy: 'The help of the command lists them.',
    run: ['slapos help COMMAND'],
  },
  CLI_WEB_FAILED: {
    meaning:
      'The web interface of the master, where machines and users are registered, refused the request, cannot be reached, or shows a certificate that cannot be trusted.',
    remedy:
      'Check the token or the password, and the address of --master-url-web. For a master with a certificate of its own give its authority with --tls-ca, or its fingerprint with --tls-fingerprint.',
  },
};
