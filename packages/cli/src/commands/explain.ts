import { Args } from '@oclif/core';
import { SlaposCommand } from '../base/slapos-command.js';
import { nearest } from '../command-line/nearest.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { errorCodes, explanationOf } from '../explain/error-catalogue.js';
import { outputFlags } from '../output/output-flags.js';
import { type Column, renderList, renderOne } from '../output/render-result.js';

interface ExplainedCode {
  readonly code: string;
  readonly meaning: string;
}

const COLUMNS: readonly Column<ExplainedCode>[] = [
  { name: 'code', value: ({ code }) => code },
  { name: 'meaning', value: ({ meaning }) => meaning },
];

/** `slapos explain [CODE]` (spec: ux-ideas §24). */
export default class Explain extends SlaposCommand {
  static override summary = 'explain the code of an error, and what to do';
  static override description = 'Without a code: all that there are.';
  static override examples = ['slapos explain GRID_BUILD_FAILED'];
  static override args = { code: Args.string({ description: 'code that an error shows, such as SLAP_NOT_READY' }) };
  static override flags = { ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(Explain);
    if (args.code === undefined) {
      const items = errorCodes().map((code) => ({ code, meaning: explanationOf(code)?.meaning ?? '' }));
      const text = (): string => items.map(({ code }) => code).join('\n');
      this.log(await renderList({ kind: 'ErrorCodes', items, columns: COLUMNS, text }, flags));
      return EXIT_CODES.OK;
    }
    const code = args.code.toUpperCase();
    const explanation = explanationOf(code);
    if (explanation === undefined) {
      const meant = nearest(code, errorCodes());
      throw new CliError('CLI_INPUT', `There is no error ${JSON.stringify(args.code)}.`, {
        hint: meant === undefined ? 'slapos explain lists all of them.' : `Did you mean ${meant}?`,
      });
    }
    const { meaning, remedy, run = [] } = explanation;
    const text = (): string =>
      [code, '', meaning, '', `What to do: ${remedy}`, ...run.map((command) => `  $ ${command}`)].join('\n');
    this.log(await renderOne({ kind: 'ErrorCode', content: { code, meaning, remedy, run }, text }, flags));
    return EXIT_CODES.OK;
  }
}
