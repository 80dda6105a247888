import { Args, Flags } from '@oclif/core';
import { configFlag, SlaposCommand } from '../base/slapos-command.js';
import { openClient } from '../client/session.js';
import { CliError } from '../errors.js';
import { EXIT_CODES } from '../exit-codes.js';
import { consoleNames } from '../repl/names.js';
import { runRepl } from '../repl/run-repl.js';
import { runScript } from '../repl/run-script.js';

const SHELLS = ['ipython', 'bpython', 'python'] as const;
const shell = (char: 'i' | 'b' | 'p', others: readonly string[]) =>
  Flags.boolean({ char, description: 'for Python; without effect here', hidden: true, exclusive: [...others] });

/** `slapos console` (spec: cli §4.7). */
export default class Console extends SlaposCommand {
  static override summary = 'open a console of JavaScript with the slap library, or run a script in it';
  static override description =
    'Names: slap, request(release, name, options), supply(release, computer, state), getInformation(name), and product: product.kvm is the best release of kvm. Scripts are JavaScript or TypeScript; their arguments that begin with - stand behind --.';
  static override examples = [
    'slapos console',
    'slapos console script.mjs one two',
    `echo "await product.kvm" | slapos console`,
  ];
  static override strict = false;
  static override args = {
    script: Args.string({ description: 'script to run instead of a prompt', ignoreStdin: true }),
  };
  static override flags = {
    cfg: configFlag,
    'master-url': Flags.string({ char: 'u', description: 'the master', helpValue: 'URL' }),
    'key-file': Flags.string({ char: 'k', description: 'key of your certificate', helpValue: 'FILE' }),
    'cert-file': Flags.string({ char: 'c', description: 'your certificate', helpValue: 'FILE' }),
    ipython: shell('i', ['bpython', 'python']),
    bpython: shell('b', ['ipython', 'python']),
    python: shell('p', ['ipython', 'bpython']),
  };

  override async run(): Promise<number> {
    const { flags, argv } = await this.parse(Console);
    const [script, ...words] = argv.map(String);
    const chosen = SHELLS.find((name) => flags[name]);
    if (chosen !== undefined && script !== undefined)
      throw new CliError('CLI_USAGE', `argument --${chosen}: not allowed with a script`);
    if (chosen !== undefined) this.logger.debug(`There is one shell here, so --${chosen} has no effect.`);
    const config = await this.loadConfig('client', flags.cfg);
    await using client = openClient(config, this.logger, {
      masterUrl: flags['master-url'],
      keyFile: flags['key-file'],
      certFile: flags['cert-file'],
    });
    const names = consoleNames(client);
    if (script !== undefined) return await runScript(script, words, names);
    await runRepl(names, this.logger, this.signal);
    return EXIT_CODES.OK;
  }
}
