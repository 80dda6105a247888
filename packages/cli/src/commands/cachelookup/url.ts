import { Args } from '@oclif/core';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { lookUpInCache, md5 } from '../../cachelookup/look-up.js';
import { showSourceEntries } from '../../cachelookup/source-entries.js';
import { outputFlags } from '../../output/output-flags.js';

/** `slapos cachelookup url` (spec: cli §7). */
export default class CachelookupUrl extends SlaposCommand {
  static override summary = 'perform a query to the networkcache';
  static override description =
    'Says whether the cache has a file that builds download, and whether somebody whom this node trusts put it there.';
  static override examples = ['slapos cachelookup url https://example.org/foo-1.0.tar.gz'];
  static override args = { url: Args.string({ required: true, description: 'where the file comes from' }) };
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(CachelookupUrl);
    const log = this.logger;
    const found = await lookUpInCache(
      await this.loadConfig('node', flags.cfg),
      {
        kind: 'source',
        key: `file-urlmd5:${md5(args.url)}`,
        unknown: 'Object not found in cache.',
        unreachable: 'Problem to connect to shacache.',
      },
      { log, signal: this.signal },
      (url) => {
        log.info(`Software source URL: ${args.url}`);
        log.info(`SHADIR URL: ${url}\n`);
      },
    );
    return showSourceEntries({ kind: 'CacheEntries', name: 'url', found }, flags, {
      log,
      write: (text) => this.log(text),
    });
  }
}
