import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { lookUpInCache } from '../../cachelookup/look-up.js';
import { showSourceEntries } from '../../cachelookup/source-entries.js';
import { outputFlags } from '../../output/output-flags.js';

/** `slapos cachelookup pypi` (spec: cli §7). */
export default class CachelookupPypi extends SlaposCommand {
  static override summary = 'perform a query to the networkcache for a Python distribution';
  static override description =
    'Says whether the cache has a distribution of the Python Package Index, and whether somebody whom this node trusts put it there.';
  static override examples = ['slapos cachelookup pypi zc.buildout 3.0.1'];
  static override args = {
    name: Args.string({ required: true, description: 'name of the distribution' }),
    version: Args.string({ required: true, description: 'its version' }),
  };
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(CachelookupPypi);
    const log = this.logger;
    const found = await lookUpInCache(
      await this.loadConfig('node', flags.cfg),
      {
        kind: 'source',
        key: `pypi:${args.name}=${args.version}`,
        unknown: 'Object not found in cache.',
        unreachable: 'Problem to connect to shacache.',
      },
      { log, signal: this.signal },
      (url) => {
        log.info(`Python egg ${args.name} version ${args.version}`);
        log.info(`SHADIR URL: ${url}\n`);
      },
    );
    return showSourceEntries({ kind: 'CacheEntries', name: 'basename', found }, flags, {
      log,
      write: (text) => this.log(text),
    });
  }
}
