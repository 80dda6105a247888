import { rm } from 'node:fs/promises';
import path from 'node:path';
import { formatComputer } from '@slapos/format';
import { type Host, type Logger, removeTree, UntrustedDirectory } from '@slapos/host';
import type { SlapClient } from '@slapos/slap';
import { removePartitionGroups, type Supervisor } from '@slapos/supervisor';
import { StandaloneError } from '../errors.js';
import { defineMachine, type FormatState, writeDefinition } from '../configuration/configuration.js';
import type { StandaloneLayout } from '../configuration/layout.js';
import type { FormatPartitions, ResolvedStandaloneOptions } from '../configuration/options.js';

/** Folders below the instance root that are the node's own. */
const OWN_FOLDERS: ReadonlySet<string> = new Set(['etc', 'var']);
const VERSION = '0.1.0';

/** What formatting works with. */
export interface FormatNodePorts {
  readonly host: Host;
  readonly supervisor: Supervisor;
  readonly client: SlapClient;
  readonly logger: Logger;
}

/**
 * Makes exactly these partitions: more are made, those that are too many removed with all that they hold. Nothing is changed when one of
 * them is in use. Repeatable, also after having been killed (spec: standalone §4.3).
 * @throws StandaloneError `STANDALONE_BUSY_PARTITION`, `STANDALONE_FORMAT_FAILED`, `STANDALONE_INVALID_OPTIONS`
 */
export async function formatNode(
  wanted: FormatPartitions,
  layout: StandaloneLayout,
  options: ResolvedStandaloneOptions,
  ports: FormatNodePorts,
): Promise<FormatState> {
  const definition = defineMachine(wanted, options.user);
  const kept = new Set(definition.partitions.map(({ partitionId }) => partitionId));
  await removeSurplus(await surplusPartitions(layout, kept), layout, options, ports);
  await writeDefinition(layout, definition);
  await rm(layout.computerXml, { force: true });
  const hasIpv6Ranges = definition.partitions.some(({ ipv6Range }) => ipv6Range !== undefined);
  const computer = ports.client.registerComputer(options.computerId);
  const result = await formatComputer(
    {
      computerId: options.computerId,
      instanceRoot: layout.instanceRoot,
      softwareRoot: layout.softwareRoot,
      computerXml: layout.computerXml,
      partitionAmount: definition.partitions.length,
      softwareUser: options.user,
      partitionHasIpv6Range: hasIpv6Ranges,
      ipv6PrefixShift: 16,
      tapIpv6: false,
      tapGatewayInterface: '',
      dryRun: false,
      definition,
    },
    {
      host: ports.host,
      logger: ports.logger,
      slaposVersion: VERSION,
      send: async (document) => {
        await computer.updateConfiguration(document);
      },
    },
  );
  if (!result.sent) {
    throw new StandaloneError(
      'STANDALONE_FORMAT_FAILED',
      'The machine is formatted, but the master could not be told',
      {
        cause: result.sendFailure,
      },
    );
  }
  return { partitionAmount: definition.partitions.length, hasIpv6Ranges };
}

async function surplusPartitions(layout: StandaloneLayout, kept: ReadonlySet<string>): Promise<string[]> {
  await using root = await UntrustedDirectory.open(layout.instanceRoot);
  const surplus: string[] = [];
  for (const name of await root.list()) {
    if (OWN_FOLDERS.has(name) || kept.has(name)) continue;
    if ((await root.stat(name))?.type === 'directory') surplus.push(name);
  }
  return surplus;
}

async function removeSurplus(
  surplus: readonly string[],
  layout: StandaloneLayout,
  options: ResolvedStandaloneOptions,
  { client, supervisor }: FormatNodePorts,
): Promise<void> {
  if (surplus.length === 0) return;
  const { partitions } = await client.registerComputer(options.computerId).fetchInformation();
  const states = new Map(partitions.map(({ partitionId, requestedState }) => [partitionId, requestedState]));
  const busy = surplus.find((name) => (states.get(name) ?? 'destroyed') !== 'destroyed');
  if (busy !== undefined) {
    throw new StandaloneError('STANDALONE_BUSY_PARTITION', `Cannot reformat to remove busy partition at ${busy}`, {
      hint: 'Request its instance with the state destroyed, process instances and reports, then format again.',
    });
  }
  for (const name of surplus) await removePartitionGroups(layout.instanceRoot, name);
  if (await supervisor.isRunning()) await supervisor.update();
  for (const name of surplus) await removeTree(path.join(layout.instanceRoot, name));
}
