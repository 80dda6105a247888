import { type ProgramGroup, removePartitionGroup, writePartitionGroup } from '@slapos/supervisor';

import type { InstanceContext, PartitionWork } from './work.js';
import { readPartitionServices } from './services.js';

/** Writes what supervisord has to run for the partition, or takes it out when it has nothing; managers' groups stay. (spec: grid 8.4) */
export async function configureServices(work: PartitionWork, context: InstanceContext): Promise<void> {
  const { partitionId, directory, owner, logger } = work;
  const services = await readPartitionServices(work.folder, logger);
  if (services.length === 0) {
    logger.warn('No runners nor services found for the Computer Partition.');
    await removePartitionGroup(context.options.instanceRoot, partitionId);
    return;
  }
  const user = work.user ?? (await context.ports.host.users.byUid(owner.uid));
  const name = user?.name ?? String(owner.uid);
  const home = user?.home ?? directory;
  const group: ProgramGroup = {
    name: partitionId,
    programs: services.map((service) => ({
      id: service.name,
      processName: service.isWatched ? `${service.name}-on-watch` : service.name,
      command: service.executable,
      directory,
      uid: owner.uid,
      gid: owner.gid,
      userName: name,
      home,
    })),
  };
  await writePartitionGroup(context.options.instanceRoot, partitionId, group);
}

/** Takes the partition's own services out of supervisord's configuration; those of managers stay. (spec: grid 8.5) */
export async function removeServices(work: PartitionWork, context: InstanceContext): Promise<void> {
  context.emit('partition.step', { partition: work.partitionId, step: 'stop' });
  if (await removePartitionGroup(context.options.instanceRoot, work.partitionId)) {
    work.logger.info('Stopping the services of the Computer Partition.');
  }
}
