import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { instanceRootOf } from '../../node/supervisor-commands.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { eventText } from '../../pass-outputs/event-text.js';
import { type JournalEvent, readJournal } from '../../pass-outputs/read-journal.js';

const DEFAULT_LINES = 20;

/** `slapos node events` (spec: ux-ideas §17). */
export default class NodeEvents extends SlaposCommand {
  static override summary = 'show what the passes of this machine did';
  static override description =
    'Prints the journal of the passes: what was planned, begun, ended, and how promises went. With --follow it goes on until it is ended.';
  static override examples = ['slapos node events --lines 100', 'slapos node events --follow --type partition --json'];
  static override flags = {
    cfg: configFlag,
    follow: Flags.boolean({ char: 'f', description: 'go on with what happens' }),
    lines: Flags.integer({
      char: 'n',
      description: `how many of the last events to begin with (${DEFAULT_LINES})`,
      helpValue: 'N',
      min: 0,
      default: DEFAULT_LINES,
    }),
    type: Flags.string({
      description: 'only those of this type, such as partition or partition.finished',
      helpValue: 'TYPE',
    }),
    'only-cp': Flags.string({ description: 'only those of this partition', helpValue: 'PARTITION' }),
    output: Flags.option({
      description: 'one line of text, or of JSON, for each event',
      options: ['text', 'json'] as const,
      helpValue: 'text|json',
    })(),
    json: outputFlags.json,
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeEvents);
    const instanceRoot = await instanceRootOf(await this.loadConfig('node', flags.cfg));
    const isJson = outputFormat(flags) === 'json';
    const print = (event: JournalEvent): void => this.log(isJson ? JSON.stringify(event) : lineOf(event));
    const fits = (event: JournalEvent): boolean =>
      (flags.type === undefined || event.type === flags.type || event.type.startsWith(`${flags.type}.`)) &&
      (flags['only-cp'] === undefined || event['partition'] === flags['only-cp']);

    // Of what is there already, the last lines; of what comes, everything.
    let earlier: JournalEvent[] | undefined = [];
    for await (const event of readJournal(instanceRoot, { follow: flags.follow, signal: this.signal })) {
      if (event === 'now') {
        earlier?.forEach(print);
        earlier = undefined;
      } else if (fits(event)) {
        if (earlier === undefined) print(event);
        else if (earlier.push(event) > flags.lines) earlier.shift();
      }
    }
    return EXIT_CODES.OK;
  }
}

function lineOf(event: JournalEvent): string {
  return [event.time, event.passName, eventText(event)].join('  ');
}
