import { Flags } from '@oclif/core';
import { SlaposCommand } from '../base/slapos-command.js';
import { commandWords } from '../completion/command-words.js';
import { installScript, shellOf } from '../completion/install.js';
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
    'slapos complete --install',
    'slapos complete --shell fish > ~/.config/fish/completions/slapos.fish',
  ];
  static override flags = {
    name: Flags.string({ description: 'name that the command is typed with', default: 'slapos', helpValue: 'NAME' }),
    shell: Flags.option({
      description: 'shell to print a script for (bash, with --install yours); none prints the bare data',
      options: COMPLETION_SHELLS,
      helpValue: COMPLETION_SHELLS.join('|'),
    })(),
    install: Flags.boolean({ description: 'write the script to where your shell looks for it, and say where that is' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(Complete);
    if (!COMMAND_NAME.test(flags.name)) {
      throw new CliError(
        'CLI_USAGE',
        `slapos complete: error: argument --name: expected a command name, found ${JSON.stringify(flags.name)}`,
      );
    }
    const { commands } = await this.program();
    const data = { name: flags.name, words: commandWords(commands) };
    if (!flags.install) {
      this.log(completionScript(flags.shell ?? 'bash', data));
      return EXIT_CODES.OK;
    }
    const shell = flags.shell ?? shellOf(process.env);
    if (shell === 'none') {
      throw new CliError(
        'CLI_USAGE',
        'slapos complete: error: argument --install: not allowed with argument --shell none',
      );
    }
    const { file, advice } = await installScript(shell, flags.name, completionScript(shell, data), process.env);
    this.log(file);
    this.logger.info(`Completion of ${flags.name} for ${shell} is installed. ${advice}`);
    return EXIT_CODES.OK;
  }
}
