import { Flags } from '@oclif/core';
import { instanceOptionsFromSection, PASS_EXIT_CODES, type PromisePassResult, runPromisePass } from '@slapos/grid';
import { checkRoot } from '../../base/root-check.js';
import { SlaposCommand } from '../../base/slapos-command.js';
import { unreadKeyWarnings } from '../../config/unknown-keys.js';
import { isInteractive } from '../../console/terminal.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PASS_LOCKS, runNodePass } from '../../node/node-pass.js';
import { passFlags } from '../../node/pass-flags.js';
import { promiseHistory } from '../../node/promise-history.js';
import { promiseFingerprint, promiseResults } from '../../node/promise-results.js';
import { instanceRootOf } from '../../node/supervisor-commands.js';
import { watch } from '../../node/watch.js';
import { passOutputFlags } from '../../pass-outputs/pass-output-flags.js';
import { openPassOutputs } from '../../pass-outputs/pass-outputs.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { renderList } from '../../output/render-result.js';

const MILLISECONDS = 1000;
const DEFAULT_INTERVAL_SECONDS = 30;
const DEFAULT_LIMIT = 10;

/** One look at all promises; without a result where another pass holds the lock. */
interface Round {
  readonly result: PromisePassResult | undefined;
  readonly code: number;
}

/** `slapos node promise` (spec: cli §3.4). */
export default class NodePromise extends SlaposCommand {
  static override summary = 'run only promises';
  static override description =
    'Checks the promises of the started partitions, whatever their periodicity. Exit code 2: some failed. With --history nothing is run: what they said in the past is shown.';
  static override examples = [
    'slapos node promise --only-cp slappart3 --output table',
    'slapos node promise --history --only-cp slappart3 --promise check-http',
  ];
  static override flags = {
    ...passFlags,
    ...outputFlags,
    events: passOutputFlags.events,
    'only-cp': Flags.string({
      description: 'only these partitions, separated by commas',
      aliases: ['only'],
      helpValue: 'LIST',
    }),
    history: Flags.boolean({ description: 'show what promises said in the past, and run nothing' }),
    promise: Flags.string({
      description: 'with --history: only this promise',
      helpValue: 'TITLE',
      dependsOn: ['history'],
    }),
    limit: Flags.integer({
      description: `with --history: the latest so many runs of each promise; ${String(DEFAULT_LIMIT)} by default`,
      helpValue: 'N',
      min: 1,
      dependsOn: ['history'],
    }),
    watch: Flags.boolean({ description: 'check again and again, until q or Ctrl-C', exclusive: ['history'] }),
    interval: Flags.integer({
      description: `with --watch: seconds between two rounds; ${String(DEFAULT_INTERVAL_SECONDS)} by default`,
      helpValue: 'SECONDS',
      min: 1,
      dependsOn: ['watch'],
    }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodePromise);
    const config = await this.loadConfig('node', flags.cfg);
    const shown = outputFormat(flags) === 'text' ? ({ output: 'table' } as const) : flags;
    if (flags.history) {
      checkRoot(config);
      const query = {
        instanceRoot: flags['instance-root'] ?? (await instanceRootOf(config)),
        partitions: flags['only-cp']?.split(',').filter((name) => name !== '') ?? [],
        title: flags.promise,
        limit: flags.limit ?? DEFAULT_LIMIT,
      };
      this.log(await renderList(await promiseHistory(query, this.logger), shown));
      return EXIT_CODES.OK;
    }
    const { output: _output, json: _json, columns: _columns, watch: watches, interval, events, ...passed } = flags;
    const request = {
      config,
      flags: passed,
      logger: this.logger,
      signal: this.signal,
      packageRoot: this.config.root,
      lock: PASS_LOCKS.instance,
    };
    // The lock is held for a round at a time, so that instance passes go on between two of them.
    const round = async (): Promise<Round> => {
      let result: PromisePassResult | undefined;
      const code = await runNodePass(request, async ({ section, ports, signal }) => {
        using written = openPassOutputs({ events }, { instanceRoot: section.instance_root, logger: this.logger });
        const { observer } = written;
        result = await runPromisePass(instanceOptionsFromSection(section), ports, {
          signal,
          observer,
          configWarnings: unreadKeyWarnings(config, this.id ?? ''),
        });
        return PASS_EXIT_CODES[result.outcome];
      });
      return { result, code };
    };
    const first = await round();
    if (first.result === undefined) return first.code;
    const render = (result: PromisePassResult): Promise<string> => renderList(promiseResults(result), shown);
    if (!watches) {
      if (outputFormat(flags) !== 'text') this.log(await render(first.result));
      return first.code;
    }
    let next: PromisePassResult | undefined = first.result;
    let latest = first.result;
    const last = await watch({
      look: async () => {
        latest = next ?? (await round()).result ?? latest;
        next = undefined;
        return latest;
      },
      render,
      fingerprint: promiseFingerprint,
      intervalMs: (interval ?? DEFAULT_INTERVAL_SECONDS) * MILLISECONDS,
      signal: this.signal,
      output: process.stdout,
      keyboard: process.stdin,
      inPlace: shown.output === 'table' && isInteractive(process.stdout, process.env),
    });
    return PASS_EXIT_CODES[last.outcome];
  }
}
