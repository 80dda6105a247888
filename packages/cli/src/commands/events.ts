import { Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { EventClient, type MasterEvent } from '../client/event-stream.js';
import { masterAccess } from '../client/session.js';
import { EXIT_CODES } from '../exit-codes.js';
import { outputFlags, outputFormat } from '../output/output-flags.js';

const DEFAULT_LINES = 20;
const MAX_LINES = 1_000;

/** `slapos events`: what changed at a mini-master. */
export default class Events extends SlaposCommand {
  static override summary = 'show what happened to instances, releases and computers';
  static override description =
    'Prints the log of a mini-master: what was requested, allocated, reported, published and freed. With --follow it goes on until it is ended, and over interruptions.';
  static override examples = [
    'slapos events --lines 50',
    'slapos events --follow --tree my-site',
    'slapos events --follow --kind instance.reported --json',
  ];
  static override flags = {
    cfg: configFlag,
    follow: Flags.boolean({ char: 'f', description: 'go on with what happens' }),
    lines: Flags.integer({
      char: 'n',
      description: `how many of the last events to begin with (${DEFAULT_LINES})`,
      helpValue: 'N',
      min: 0,
      max: MAX_LINES,
      exclusive: ['after'],
    }),
    after: Flags.integer({ description: 'begin after the event with this number', helpValue: 'ID', min: 0 }),
    computer: Flags.string({ description: 'only those of this computer', helpValue: 'ID' }),
    tree: Flags.string({ description: 'only those of the instance tree with this root', helpValue: 'NAME' }),
    kind: Flags.string({
      description: 'only those of this kind, such as instance or instance.freed',
      helpValue: 'KIND',
    }),
    output: Flags.option({
      description: 'one line of text, or of JSON, for each event',
      options: ['text', 'json'] as const,
      helpValue: 'text|json',
    })(),
    json: outputFlags.json,
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(Events);
    const client = new EventClient(masterAccess(await this.loadConfig('client', flags.cfg)), this.logger);
    const isJson = outputFormat(flags) === 'json';
    const print = (event: MasterEvent): void => this.log(isJson ? JSON.stringify(event) : lineOf(event));
    let after = flags.after ?? (await this.#beforeLast(flags.lines ?? DEFAULT_LINES, client, flags));
    for (;;) {
      const { events } = await client.page(after, MAX_LINES, flags, this.signal);
      events.forEach(print);
      after = events.at(-1)?.id ?? after;
      if (events.length < MAX_LINES) break;
    }
    if (flags.follow) for await (const event of client.follow(after, flags, this.signal)) print(event);
    return EXIT_CODES.OK;
  }

  /** The number of the event before the last so many that fit. */
  async #beforeLast(lines: number, client: EventClient, query: Parameters<EventClient['page']>[2]): Promise<number> {
    const { newest } = await client.page(0, 0, {}, this.signal);
    if (lines === 0) return newest;
    const fits: number[] = [];
    for (let span = Math.max(lines, MAX_LINES); ; span *= 2) {
      const from = Math.max(newest - span, 0);
      fits.length = 0;
      for (let after = from; ; ) {
        const { events } = await client.page(after, MAX_LINES, query, this.signal);
        fits.push(...events.map(({ id }) => id));
        after = events.at(-1)?.id ?? after;
        if (events.length < MAX_LINES) break;
      }
      if (fits.length >= lines || from === 0) break;
    }
    return (fits.at(-lines) ?? 1) - 1;
  }
}

function lineOf(event: MasterEvent): string {
  const { id, time, kind, instance, tree, computer, partition, softwareRelease, state, message } = event;
  const where = [computer, partition].filter((part) => part !== undefined).join(' ');
  const inTree = tree === undefined || tree === instance ? '' : ` of ${tree}`;
  const what = instance === undefined ? (softwareRelease ?? '') : `${instance}${inTree}`;
  const parts = [String(id), time, kind, what, where === '' ? '' : `on ${where}`, state ?? ''];
  const text = parts.filter((part) => part !== '').join(' ');
  return message === undefined ? text : `${text}: ${message.replaceAll(/\s*\n\s*/g, ' ')}`;
}
