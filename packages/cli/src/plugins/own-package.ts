import type { Config } from '@oclif/core';
import { fileURLToPath } from 'node:url';

const BIN = 'slapos';

/**
 * What a command of oclif asks of its program while it runs, for one that is this package and nothing else. oclif itself would read and
 * sort all commands, look at the platform and the shell, and search for plug-ins: it takes longer than most commands.
 * @param root a file one folder below that of the package, as a URL
 */
export function ownPackage(root: string, version: string): Config {
  const scopedEnvVarKey = (name: string): string => `SLAPOS_${name}`;
  const facts: Pick<
    Config,
    'bin' | 'root' | 'version' | 'runHook' | 'scopedEnvVar' | 'scopedEnvVarKey' | 'scopedEnvVarKeys'
  > = {
    bin: BIN,
    root: fileURLToPath(new URL('..', root)),
    version,
    // Only plug-ins bring hooks.
    runHook: () => Promise.resolve({ successes: [], failures: [] }),
    scopedEnvVar: (name) => process.env[scopedEnvVarKey(name)],
    scopedEnvVarKey,
    scopedEnvVarKeys: (name) => [scopedEnvVarKey(name)],
  };
  return facts as Config;
}
