import type { Logger, UserDatabase } from '@slapos/host';
import type { ConfigFile } from '../config/config-file.js';

/**
 * What partitions use, in Prometheus' text format, each time it is asked; shares are those since the time before.
 * A configuration that does not say who the partitions' users are has no such figures.
 */
export async function meterOfPartitions(
  config: ConfigFile,
  users: UserDatabase,
  logger: Pick<Logger, 'info'>,
): Promise<() => Promise<string>> {
  if (config.value('slapformat', 'partition_amount') === undefined) {
    logger.info('No metrics of partitions: [slapformat] partition_amount is not set.');
    return () => Promise.resolve('');
  }
  // Only a node that tells its health needs them.
  const [{ LiveMeter, ProcFolder, useMetrics }, { readCollectOptions }] = await Promise.all([
    import('./collect-library.js'),
    import('./collect-options.js'),
  ]);
  const meter = new LiveMeter(readCollectOptions(config).users, { users, proc: new ProcFolder() });
  await meter.look();
  return async () => useMetrics(await meter.look());
}
