import { Flags } from '@oclif/core';
import { SlaposCommand } from '../base/slapos-command.js';
import { commandWords } from '../completion/command-words.js';
import { COMPLETION_SHELLS, completionScript } from '../completion/scripts.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';

/** It becomes part of a script. */
const COMMAND_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/;

/** `slapos complete` (spec: cli §8). */
export default class Complete extends SlaposCommand {
  static override summary = 'print the completion script of a shell';
  static override examples = [
    'source <(slapos complete)',
    'slapos complete --shell fish > ~/.config/fish/completions/slapos.fish',
  ];
  static override flags = {
    name: Flags.string({ description: 'name that the command is typed with', default: 'slapos', helpValue: 'NAME' }),
    shell: Flags.option({
      description: 'shell to print a script for; none prints the bare data',
      options: COMPLETION_SHELLS,
      default: 'bash',
      helpValue: COMPLETION_SHELLS.join('|'),
    })(),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(Complete);
    if (!COMMAND_NAME.test(flags.name)) {
      throw new CliError(
        'CLI_USAGE',
        `slapos complete: error: argument --name: expected a command name, found ${JSON.stringify(flags.name)}`,
      );
    }
    const { commands } = this.config;
    const data = { name: flags.name, words: commandWords(commands) };
    this.log(completionScript(flags.shell, data));
    return EXIT_CODES.OK;
  }
}
