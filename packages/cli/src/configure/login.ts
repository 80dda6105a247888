import { ask } from '../console/prompt.js';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';
import type { WebMaster } from './web-master.js';

const NO_TERMINAL = 'Give --login and --password, or use a token: --token-file FILE.';

/**
 * Login and password that the master takes: those of the options in one try; what is missing is asked for until it is good (spec: cli §3.11).
 * @throws CliError `CLI_WEB_FAILED` when the options are wrong, `CLI_USAGE` when there is nobody to ask
 */
export async function readLogin(
  flags: { readonly login?: string | undefined; readonly password?: string | undefined },
  master: WebMaster,
  logger: CommandLog,
  signal: AbortSignal,
): Promise<{ readonly login: string; readonly password: string }> {
  const question = (text: string, isSecret: boolean): Promise<string> =>
    ask({ question: text, otherwise: NO_TERMINAL, isSecret, signal });
  if (flags.login !== undefined && flags.password !== undefined) {
    logger.warn('Everybody on this machine can see a password of the command line: without it you are asked.');
    const given = { login: flags.login, password: flags.password };
    if (await master.isLoginGood(given)) return given;
    throw new CliError('CLI_WEB_FAILED', 'Wrong login/password');
  }
  for (let login = flags.login; ; login = undefined) {
    const typed = {
      login: login ?? (await question('SlapOS Master Login: ', false)),
      password: await question('SlapOS Master Password: ', true),
    };
    if (await master.isLoginGood(typed)) return typed;
    logger.warn('Wrong login/password');
  }
}
