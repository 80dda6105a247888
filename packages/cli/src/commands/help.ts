import { SlaposCommand } from '../base/slapos-command.js';
import { commandName } from '../command-line/catalogue.js';
import { findCommand } from '../command-line/find-command.js';
import { renderCommandHelp, renderGlobalHelp, renderGroupHelp } from '../command-line/help.js';
import { EXIT_CODES } from '../exit-codes.js';
import { HELP_TOPICS } from '../explain/help-topics.js';

/** `slapos help [COMMAND | GROUP | TOPIC]` (spec: cli §1.3). */
export default class Help extends SlaposCommand {
  static override summary = 'print detailed help for another command';
  static override description =
    `Also of a group of commands, such as node, and of ${HELP_TOPICS.map(({ name }) => name).join(', ')}.`;
  static override examples = ['slapos help node instance', 'slapos help exit-codes'];
  static override strict = false;

  override async run(): Promise<number> {
    this.log(await this.#textFor(this.argv));
    return EXIT_CODES.OK;
  }

  async #textFor(words: readonly string[]): Promise<string> {
    const program = await this.program();
    if (words.length === 0) return renderGlobalHelp(program);
    const typed = words.join(' ');
    const topic = HELP_TOPICS.find(({ name }) => name === typed);
    if (topic !== undefined) return topic.text();
    const names = program.commandIDs.map(commandName);
    if (!names.includes(typed) && names.some((name) => name.startsWith(`${typed} `)))
      return renderGroupHelp(program, typed);
    const { name } = findCommand(words, names);
    return renderCommandHelp(program.findCommand(name.replaceAll(' ', ':'), { must: true }));
  }
}
