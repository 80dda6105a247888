import { Flags } from '@oclif/core';
import { instanceOptionsFromSection, runReportPass } from '@slapos/grid';
import { SlaposCommand } from '../../base/slapos-command.js';
import { unreadKeyWarnings } from '../../config/unknown-keys.js';
import { openProgress, progressFlag } from '../../console/progress.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PASS_LOCKS, runNodePass } from '../../node/node-pass.js';
import { passFlags } from '../../node/pass-flags.js';
import { passProgress, toAll } from '../../node/pass-progress.js';
import { planPasses } from '../../node/pass-plans.js';
import { logReportSummary } from '../../node/pass-summary.js';
import { renderPlan } from '../../node/render-plan.js';
import { passOutputFlags, splitPassOutputs } from '../../pass-outputs/pass-output-flags.js';
import { openPassOutputs } from '../../pass-outputs/pass-outputs.js';

/** `slapos node report` (spec: cli §3.5). */
export default class NodeReport extends SlaposCommand {
  static override summary = 'run usage reporting and instance destruction';
  static override description =
    'Runs the report scripts of the partitions, tells the master what they used, and removes the instances that it wants destroyed. A report stays until the master has accepted it.';
  static override examples = ['slapos node report'];
  static override flags = {
    ...passFlags,
    progress: progressFlag,
    ...passOutputFlags,
    'dry-run': Flags.boolean({ description: 'say what would be removed, and do nothing' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeReport);
    const config = await this.loadConfig('node', flags.cfg);
    const { progress: mode, 'dry-run': dryRun, ...rest } = flags;
    const [outputs, others] = splitPassOutputs(rest);
    const { logger, signal } = this;
    const request = {
      config,
      flags: others,
      logger,
      signal,
      packageRoot: this.config.root,
      lock: PASS_LOCKS.report,
      dryRun,
    };
    return runNodePass(request, async ({ section, ports, common }) => {
      if (dryRun) {
        this.log(renderPlan(await planPasses(['report'], { section, ports, signal, config })));
        return EXIT_CODES.OK;
      }
      logger.info('Aggregating and sending usage reports...');
      const options = { ...instanceOptionsFromSection(section), ...common };
      using written = openPassOutputs(outputs, { instanceRoot: section.instance_root, logger: this.logger });
      using progress = await openProgress({ title: 'Partitions', mode, log: logger });
      const result = await runReportPass(options, ports, {
        signal,
        configWarnings: unreadKeyWarnings(config, this.id ?? ''),
        observer: toAll(passProgress(progress), written.observer),
      });
      progress[Symbol.dispose]();
      logReportSummary(logger, result);
      logger.info('Finished usage reports.');
      const exitCode = result.outcome === 'success' ? EXIT_CODES.OK : EXIT_CODES.FAILED;
      await written.finish(result, exitCode);
      return exitCode;
    });
  }
}
