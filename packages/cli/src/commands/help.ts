import { SlaposCommand } from '../base/slapos-command.js';
import { findCommand } from '../command-line/find-command.js';
import { commandName } from '../command-line/catalogue.js';
import { renderCommandHelp, renderGlobalHelp } from '../command-line/help.js';
import { EXIT_CODES } from '../exit-codes.js';

/** `slapos help [COMMAND]` (spec: cli §1.3). */
export default class Help extends SlaposCommand {
  static override summary = 'print detailed help for another command';
  static override strict = false;

  override async run(): Promise<number> {
    if (this.argv.length === 0) {
      this.log(renderGlobalHelp(this.config));
      return EXIT_CODES.OK;
    }
    const { name } = findCommand(this.argv, this.config.commandIDs.map(commandName));
    this.log(renderCommandHelp(this.config.findCommand(name.replaceAll(' ', ':'), { must: true })));
    return EXIT_CODES.OK;
  }
}
