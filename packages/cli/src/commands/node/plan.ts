import { Args, Flags } from '@oclif/core';
import { SlaposCommand } from '../../base/slapos-command.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { PASS_LOCKS, runNodePass } from '../../node/node-pass.js';
import { passFlags } from '../../node/pass-flags.js';
import { PLANNED_PASSES, planPasses, USUAL_PASSES } from '../../node/pass-plans.js';
import { countPlan, hasWork, renderPlan } from '../../node/render-plan.js';
import { outputFlags } from '../../output/output-flags.js';
import { renderOne } from '../../output/render-result.js';

/** `slapos node plan` (spec: ux-ideas §7). */
export default class NodePlan extends SlaposCommand {
  static override summary = 'say what the passes would do, and why';
  static override description =
    'Reads what the master wants and what is on the disk, and changes nothing: no lock is taken, nothing is reported. Without a name: the software, instance and report passes. It takes the options of the passes.';
  static override examples = [
    'slapos node plan',
    'slapos node plan instance --only-cp slappart3 --force',
    'slapos node plan --exit-code --output json',
  ];
  static override args = {
    pass: Args.string({ description: 'only this pass', options: [...PLANNED_PASSES] }),
  };
  static override flags = {
    ...passFlags,
    ...outputFlags,
    'exit-code': Flags.boolean({ description: 'exit code 6 when there is something to do' }),
    force: Flags.boolean({ description: 'as the pass: also what is complete, or has not changed' }),
    'force-stop': Flags.boolean({ description: 'as the instance pass: stop the services' }),
    'garbage-collect': Flags.boolean({ description: 'as the software pass: also remove what is not supplied' }),
    'only-cp': Flags.string({ description: 'only these partitions, separated by commas', helpValue: 'LIST' }),
    'only-sr': Flags.string({
      description: 'only these releases: URLs or their MD5, separated by commas',
      helpValue: 'LIST',
      exclusive: ['garbage-collect'],
    }),
  };

  override async run(): Promise<number> {
    const { flags, args } = await this.parse(NodePlan);
    const config = await this.loadConfig('node', flags.cfg);
    const { 'exit-code': tellsWork, output, json, columns, 'no-headers': noHeaders, ...others } = flags;
    const passes = args.pass === undefined ? USUAL_PASSES : PLANNED_PASSES.filter((name) => name === args.pass);
    const request = {
      config,
      flags: others,
      logger: this.logger,
      signal: this.signal,
      packageRoot: this.config.root,
      lock: PASS_LOCKS.instance,
      dryRun: true,
    };
    return runNodePass(request, async ({ section, ports, signal }) => {
      const plan = await planPasses(passes, { section, ports, signal, config });
      const counts = countPlan(plan);
      const { readAtMs, failures: _failures, ...content } = plan;
      const readAt = new Date(readAtMs).toISOString();
      const shown = { output, json, columns, 'no-headers': noHeaders };
      this.log(
        await renderOne(
          { kind: 'NodePlan', content: { ...content, readAt, counts }, text: () => renderPlan(plan) },
          shown,
        ),
      );
      return tellsWork && hasWork(counts) ? EXIT_CODES.HAS_WORK : EXIT_CODES.OK;
    });
  }
}
