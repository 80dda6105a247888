import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { loadConfigFile } from '../../config/config-file.js';
import { type ConfigProblem, findProblems } from '../../config/find-problems.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { jsonDocument, outputFlag } from '../../output/documents.js';

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
    output: outputFlag,
  };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(ConfigCheck);
    const family = flags.client ? 'client' : 'node';
    const config =
      args.file === undefined ? await this.loadConfig(family, flags.cfg) : await loadConfigFile(args.file, family);
    const problems = findProblems(config);
    const errors = problems.filter(({ severity }) => severity === 'error').length;
    if (flags.output === 'json') this.log(jsonDocument('ConfigCheck', { file: config.file, problems }));
    else this.log([...problems.map(renderProblem), summary(config.file, errors, problems.length - errors)].join('\n'));
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
