import { Flags } from '@oclif/core';
import { instanceOptionsFromSection, PASS_EXIT_CODES, runInstancePass } from '@slapos/grid';
import { SlaposCommand } from '../../base/slapos-command.js';
import { unreadKeyWarnings } from '../../config/unknown-keys.js';
import { openProgress, progressFlag } from '../../console/progress.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PASS_LOCKS, runNodePass } from '../../node/node-pass.js';
import { passFlags } from '../../node/pass-flags.js';
import { jobsNote, passProgress, toAll } from '../../node/pass-progress.js';
import { logInstanceSummary } from '../../node/pass-summary.js';
import { planPasses } from '../../node/pass-plans.js';
import { renderPlan } from '../../node/render-plan.js';
import { failuresInARow } from '../../pass-outputs/failures-in-a-row.js';
import { passOutputFlags, splitPassOutputs } from '../../pass-outputs/pass-output-flags.js';
import { openPassOutputs } from '../../pass-outputs/pass-outputs.js';

/** `slapos node instance` (spec: cli §3.3). */
export default class NodeInstance extends SlaposCommand {
  static override summary = 'run instance deployment';
  static override description =
    'Makes the partitions of this computer what the master asks for, starts their services and checks their promises. Exit code 2: only promises failed; 3: the master cannot be reached, and what was deployed is running.';
  static override examples = ['slapos node instance', 'slapos node instance --only-cp slappart3 --force'];
  static override flags = {
    ...passFlags,
    progress: progressFlag,
    ...passOutputFlags,
    'buildout-debug': Flags.boolean({ description: 'run buildout with -D on this terminal' }),
    'force-stop': Flags.boolean({ description: 'stop the services, also of instances that are to be started' }),
    force: Flags.boolean({ description: 'process even what has not changed' }),
    all: Flags.boolean({ description: 'the old name of --force', exclusive: ['only-cp'] }),
    'only-cp': Flags.string({
      description: 'only these partitions, separated by commas',
      aliases: ['only'],
      helpValue: 'LIST',
    }),
    'dry-run': Flags.boolean({ description: 'say what would be done, and do nothing' }),
  };

  override async run(): Promise<number> {
    const { flags } = await this.parse(NodeInstance);
    const config = await this.loadConfig('node', flags.cfg);
    const { all, 'dry-run': dryRun, progress: mode, ...rest } = flags;
    const [outputs, others] = splitPassOutputs(rest);
    const request = {
      config,
      flags: { ...others, force: flags.force || all },
      logger: this.logger,
      signal: this.signal,
      packageRoot: this.config.root,
      lock: PASS_LOCKS.instance,
      dryRun,
    };
    return runNodePass(request, async ({ section, ports, signal, common }) => {
      const options = { ...instanceOptionsFromSection(section), ...common };
      if (dryRun) {
        this.log(renderPlan(await planPasses(['instance'], { section, ports, signal, config })));
        return EXIT_CODES.OK;
      }
      using written = openPassOutputs(outputs, { instanceRoot: section.instance_root, logger: this.logger });
      using progress = await openProgress({
        title: 'Partitions',
        note: jobsNote(options.jobs),
        mode,
        log: this.logger,
      });
      const result = await runInstancePass(options, ports, {
        signal,
        configWarnings: unreadKeyWarnings(config, this.id ?? ''),
        observer: toAll(passProgress(progress), written.observer),
      });
      progress[Symbol.dispose]();
      await logInstanceSummary(this.logger, result, (partition, promise) =>
        failuresInARow(section.instance_root, partition, promise),
      );
      const exitCode = PASS_EXIT_CODES[result.outcome];
      await written.finish(result, exitCode);
      return exitCode;
    });
  }
}
