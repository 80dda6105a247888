import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { loadConfigFile } from '../../config/config-file.js';
import { type ConfigProblem, findProblems } from '../../config/find-problems.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags } from '../../output/output-flags.js';
import { type Column, renderList } from '../../output/render-result.js';

const COLUMNS: readonly Column<ConfigProblem>[] = [
  { name: 'severity', value: ({ severity }) => severity },
  { name: 'line', value: ({ line }) => line },
  { name: 'section', value: ({ section }) => section },
  { name: 'key', value: ({ key }) => key },
  { name: 'problem', value: ({ message }) => message },
  { name: 'suggestion', value: ({ suggestion }) => suggestion },
];

/** `slapos config check` (spec: config §6). */
export default class ConfigCheck extends SlaposCommand {
  static override summary = 'check a configuration file';
  static override description =
    'Finds values that cannot be, and keys that nothing reads. Exit code 1: there are errors, with --strict also warnings.';
  static override examples = ['slapos config check', 'slapos config check ~/.slapos/slapos-client.cfg'];
  static override args = { file: Args.string({ description: 'file to check, instead of the one that commands read' }) };
  static override flags = {
    cfg: configFlag,
    client: Flags.boolean({ description: 'the file of the client commands, such as request' }),
    strict: Flags.boolean({ description: 'count warnings as errors' }),
    ...outputFlags,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ConfigCheck);
    const family = flags.client ? 'client' : 'node';
    const config =
      args.file === undefined ? await this.loadConfig(family, flags.cfg) : await loadConfigFile(args.file, family);
    const problems = findProblems(config);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    const text = (): string =>
      [...problems.map(renderProblem), summary(config.file, errors, problems.length - errors)].join('\n');
    const about = { file: config.file, errors, warnings: problems.length - errors };
    this.log(await renderList({ kind: 'ConfigCheck', items: problems, columns: COLUMNS, text, about }, flags));
    return errors > 0 || (flags.strict && problems.length > 0) ? EXIT_CODES.FAILED : EXIT_CODES.OK;
  }
}

function renderProblem({ severity, message, suggestion }: ConfigProblem): string {
  const meant = suggestion === undefined ? '' : `   did you mean ${suggestion}?`;
  return `${severity.toUpperCase().padEnd('WARNING'.length)} ${message}${meant}`;
}

function summary(file: string, errors: number, warnings: number): string {
  if (errors + warnings === 0) return `${file} is fine.`;
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  return `${file}: ${count(errors, 'error')}, ${count(warnings, 'warning')}.`;
}
