import { createInterface } from 'node:readline/promises';
import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { configPath, loadConfigFile, originOfPath } from '../config/config-file.js';
import { type Marks, marksFor } from '../console/terminal.js';
import { DOCTOR_CHECKS } from '../doctor/all-checks.js';
import type { Finding } from '../doctor/finding.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { outputFlags } from '../output/output-flags.js';
import { type Column, renderList } from '../output/render-result.js';

const GROUP_WIDTH = 11;
const COLUMNS: readonly Column<Finding>[] = [
  { name: 'check', value: ({ id }) => id },
  { name: 'severity', value: ({ severity }) => severity },
  { name: 'message', value: ({ message }) => message },
  { name: 'remedy', value: ({ remedy }) => remedy },
];

/** `slapos doctor` (spec: ux-ideas §16). */
export default class Doctor extends SlaposCommand {
  static override summary = 'look for what is wrong with this node, and say what to do';
  static override description =
    'Looks only, unless --fix is given: then it asks for each repair, and does none that could lose anything. Exit code 1: something is wrong.';
  static override examples = ['slapos doctor', 'slapos doctor master disk', 'slapos doctor --output json'];
  static override strict = false;
  static override args = {
    check: Args.string({ description: `only these: ${DOCTOR_CHECKS.map(({ name }) => name).join(', ')}` }),
  };
  static override flags = {
    cfg: configFlag,
    client: Flags.boolean({ description: 'look at the configuration of the client commands' }),
    fix: Flags.boolean({ description: 'offer repairs' }),
    yes: Flags.boolean({ description: 'with --fix: do not ask', dependsOn: ['fix'] }),
    ...outputFlags,
  };

  override async run(): Promise<number> {
    const { argv, flags } = await this.parse(Doctor);
    const names = argv.map(String);
    const unknown = names.find((name) => DOCTOR_CHECKS.every((check) => check.name !== name));
    if (unknown !== undefined) {
      const known = DOCTOR_CHECKS.map(({ name }) => `'${name}'`).join(', ');
      throw new CliError('CLI_USAGE', `argument CHECK: invalid choice: '${unknown}' (choose from ${known})`);
    }
    if (flags.fix && !flags.yes && !process.stdin.isTTY) {
      throw new CliError('CLI_USAGE', 'argument --fix: it asks for each repair, and there is no terminal', {
        hint: 'Add --yes to do them all.',
      });
    }
    const family = flags.client ? 'client' : 'node';
    const file = configPath(family, flags.cfg, process.env);
    const context = {
      config: await loadConfigFile(file, family),
      origin: originOfPath(family, flags.cfg, process.env),
      logger: this.logger,
      signal: this.signal,
      environment: process.env,
      now: Date.now,
    };
    const chosen = DOCTOR_CHECKS.filter(({ name }) => names.length === 0 || names.includes(name));
    const findings = (await Promise.all(chosen.map((check) => check.run(context)))).flat();
    const text = (): string => render(findings, marksFor(process.env));
    const document = ({ id, severity, message, remedy, fix }: Finding): unknown => ({
      check: id,
      severity,
      message,
      ...(remedy === undefined ? {} : { remedy }),
      fixable: fix !== undefined,
    });
    this.log(await renderList({ kind: 'Doctor', items: findings, columns: COLUMNS, text, document }, flags));
    if (flags.fix) await this.#repair(findings, flags.yes);
    return findings.some(({ severity }) => severity === 'error') ? EXIT_CODES.FAILED : EXIT_CODES.OK;
  }

  async #repair(findings: readonly Finding[], withoutAsking: boolean): Promise<void> {
    for (const { fix } of findings) {
      if (fix === undefined) continue;
      if (!withoutAsking && !(await this.#agrees(fix.question))) continue;
      await fix.apply();
      this.logger.info(`Done: ${fix.question}`);
    }
  }

  async #agrees(question: string): Promise<boolean> {
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(?:es)?$/i.test((await prompt.question(`${question}? [y/N] `, { signal: this.signal })).trim());
    } finally {
      prompt.close();
    }
  }
}

/** A block for each group, its name in front of the first line. */
function render(findings: readonly Finding[], marks: Marks): string {
  const signs = { ok: marks.ok, warning: marks.warning, error: marks.failed, skipped: marks.none } as const;
  let group = '';
  const lines = findings.map(({ id, severity, message, remedy }) => {
    const [name = ''] = id.split('.');
    const head = name === group ? '' : name;
    group = name;
    const advice = remedy === undefined ? '' : `   ${marks.arrow} ${remedy}`;
    return `${head.padEnd(GROUP_WIDTH)} ${signs[severity]} ${message}${advice}`;
  });
  const count = (severity: Finding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const number = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? '' : 's'}`;
  return [...lines, `${number(count('error'), 'problem')}, ${number(count('warning'), 'warning')}.`].join('\n');
}
