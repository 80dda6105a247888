import { Args } from '@oclif/core';
import { detectPlatform, type IndexEntry, isSamePlatform, type Platform } from '@slapos/grid';
import { createLinuxHost } from '@slapos/host';
import { arch } from 'node:os';
import { configFlag, SlaposCommand } from '../../base/slapos-command.js';
import { lookUpInCache, md5 } from '../../cachelookup/look-up.js';
import { pythonTable } from '../../cachelookup/source-entries.js';
import { EXIT_CODES } from '../../exit-codes.js';
import { outputFlags, outputFormat } from '../../output/output-flags.js';
import { type Column, renderList } from '../../output/render-result.js';

const MD5_AT_BEGIN = /^[0-9a-f]{32}/;

/** A build that a cache has. */
interface BuiltRelease {
  readonly platform: Platform;
  readonly isCompatible: boolean;
  readonly isVerified: boolean;
  readonly sha512: string | undefined;
}

const COLUMNS: readonly Column<BuiltRelease>[] = [
  { name: 'multiarch', value: ({ platform }) => platform.multiarch },
  { name: 'distribution', value: ({ platform }) => platform.os[0] },
  { name: 'version', value: ({ platform }) => platform.os[1] },
  { name: 'id', value: ({ platform }) => platform.os[2] },
  { name: 'compatible?', value: ({ isCompatible }) => yesOrNo(isCompatible) },
  { name: 'verified?', value: ({ isVerified }) => yesOrNo(isVerified) },
];

/** `slapos cachelookup binary-sr` (spec: cli §7, grid 6.5). */
export default class CachelookupBinarySr extends SlaposCommand {
  static override summary = 'perform a query to the networkcache for a built Software Release';
  static override description =
    'Says for which machines the cache has a Software Release that is built already, and which of them this node would take.';
  static override examples = ['slapos cachelookup binary-sr https://example.org/software/web/software.cfg'];
  static override args = {
    software: Args.string({ required: true, description: 'URL of the Software Release, or its MD5' }),
  };
  static override flags = { cfg: configFlag, ...outputFlags };

  override async run(): Promise<number> {
    const { args, flags } = await this.parse(CachelookupBinarySr);
    const key = MD5_AT_BEGIN.test(args.software) ? args.software : md5(args.software);
    const { entries, url } = await lookUpInCache(
      await this.loadConfig('node', flags.cfg),
      {
        kind: 'binary',
        key,
        unknown: `Software release not found in binary cache: ${args.software}`,
        unreachable: 'Problem occurred while connecting to shacache.',
      },
      { log: this.logger, signal: this.signal },
    );
    if (entries === undefined) return EXIT_CODES.FAILED;
    const isText = outputFormat(flags) === 'text';
    if (isText && entries.length === 0) {
      this.logger.info('Object found in cache, but has no binary entries.');
      return EXIT_CODES.OK;
    }
    const builds = await this.#builds(entries);
    const softwareUrl = entries.find((entry) => entry.softwareUrl !== undefined)?.softwareUrl;
    if (isText) {
      // The story and the table are both log lines: scripts read them there.
      this.logger.info(`Software URL: ${softwareUrl ?? ''}`);
      this.logger.info(`MD5:          ${key}`);
      for (const line of (await pythonTable(COLUMNS, builds)).split('\n')) this.logger.info(line);
      return EXIT_CODES.OK;
    }
    this.log(
      await renderList(
        {
          kind: 'BuiltReleases',
          items: builds,
          columns: COLUMNS,
          text: () => '',
          document: ({ platform: { multiarch, os }, isCompatible, isVerified, sha512 }) => ({
            multiarch,
            distribution: os[0],
            version: os[1],
            id: os[2],
            compatible: isCompatible,
            verified: isVerified,
            sha512: sha512 ?? null,
          }),
          about: { softwareUrl: softwareUrl ?? null, md5: key, index: url },
        },
        flags,
      ),
    );
    return EXIT_CODES.OK;
  }

  /** Sorted as the Python command sorts its rows; entries that name no machine are left out. */
  async #builds(entries: readonly IndexEntry[]): Promise<BuiltRelease[]> {
    const here = await detectPlatform(createLinuxHost({ logger: this.logger }), arch());
    const rowOf = (build: BuiltRelease): string => JSON.stringify(COLUMNS.map(({ value }) => value(build)));
    return entries
      .flatMap(({ platform, isTrusted, sha512 }) =>
        platform === undefined
          ? []
          : [{ platform, isCompatible: isSamePlatform(platform, here), isVerified: isTrusted, sha512 }],
      )
      .sort((one, other) => (rowOf(one) < rowOf(other) ? -1 : 1));
  }
}

function yesOrNo(value: boolean): string {
  return value ? 'yes' : 'no';
}
