import { Flags } from '@oclif/core';
import {
  binaryCacheOptionsFromSection,
  createNetworkBinaryCache,
  PASS_EXIT_CODES,
  runSoftwarePass,
  softwareOptionsFromSection,
} from '@slapos/grid';
import { SlaposCommand } from '../../base/slapos-command.js';
import { CliError } from '../../errors.js';
import { unreadKeyWarnings } from '../../config/unknown-keys.js';
import { openProgress, progressFlag } from '../../console/progress.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PASS_LOCKS, runNodePass } from '../../node/node-pass.js';
import { passFlags } from '../../node/pass-flags.js';
import { passProgress, toAll } from '../../node/pass-progress.js';
import { logSoftwareSummary } from '../../node/pass-summary.js';
import { planPasses } from '../../node/pass-plans.js';
import { renderPlan } from '../../node/render-plan.js';
import { passOutputFlags, splitPassOutputs } from '../../pass-outputs/pass-output-flags.js';
import { openPassOutputs } from '../../pass-outputs/pass-outputs.js';

/** `slapos node software` (spec: cli §3.2). */
export default class NodeSoftware extends SlaposCommand {
  static override summary = 'run software deployment';
  static override description =
    'Builds the Software Releases that the master supplies this computer with, and removes those that it does not want any more.';
  static override examples = [
    'slapos node software',
    'slapos node software --only-sr https://example.org/software.cfg --force',
  ];
  static override flags = {
    ...passFlags,
    progress: progressFlag,
    ...passOutputFlags,
    'buildout-debug': Flags.boolean({ description: 'run buildout with -D on this terminal' }),
    'garbage-collect': Flags.boolean({ description: 'also remove what is not supplied at all' }),
    force: Flags.boolean({ description: 'build again what is complete' }),
    all: Flags.boolean({ description: 'the old name of --force', exclusive: ['only-sr'] }),
    'only-sr': Flags.string({
      description: 'only these: URLs or their MD5, separated by commas',
      aliases: ['only'],
      helpValue: 'LIST',
    }),
    'dry-run': Flags.boolean({ description: 'say what would be done, and do nothing' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeSoftware);
    if (flags['garbage-collect'] && flags['only-sr'] !== undefined) {
      throw new CliError(
        'CLI_USAGE',
        'slapos node software: error: argument --garbage-collect: not allowed with argument --only-sr',
        {
          hint: 'Everything that is not named would be removed.',
        },
      );
    }
    const config = await this.loadConfig('node', flags.cfg);
    const { all, 'dry-run': dryRun, progress: mode, ...rest } = flags;
    const [outputs, others] = splitPassOutputs(rest);
    const request = {
      config,
      flags: { ...others, force: flags.force || all },
      logger: this.logger,
      signal: this.signal,
      packageRoot: this.config.root,
      lock: PASS_LOCKS.software,
      dryRun,
    };
    return runNodePass(request, async ({ section, ports, signal, common }) => {
      const options = { ...softwareOptionsFromSection(section), ...common };
      if (dryRun) {
        this.log(renderPlan(await planPasses(['software'], { section, ports, signal, config })));
        return EXIT_CODES.OK;
      }
      const cache = await binaryCacheOptionsFromSection(section);
      const withCache = cache === undefined ? ports : { ...ports, binaryCache: createNetworkBinaryCache(cache, ports) };
      using written = openPassOutputs(outputs, { instanceRoot: section.instance_root, logger: this.logger });
      using progress = await openProgress({ title: 'Software releases', mode, log: this.logger });
      const result = await runSoftwarePass(options, withCache, {
        signal,
        configWarnings: unreadKeyWarnings(config, this.id ?? ''),
        observer: toAll(passProgress(progress), written.observer),
      });
      progress[Symbol.dispose]();
      logSoftwareSummary(this.logger, result);
      const exitCode = PASS_EXIT_CODES[result.outcome];
      await written.finish(result, exitCode);
      return exitCode;
    });
  }
}
