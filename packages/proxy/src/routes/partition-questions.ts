import { marshal, MarshalTuple } from '@slapos/slap';

import { rootNameOfInstance } from '../allocation/request-instance.js';
import type { ProxyContext } from '../context.js';
import { statusOf } from '../documents/status.js';
import { invalidField, readForm, readQuery } from '../http/form.js';
import { textAnswer } from '../http/html-pages.js';
import type { RouteTable } from '../http/route-table.js';
import type { PartitionKey } from '../store/records.js';
import { readKey, unknownPartition } from './computer-partition.js';

/** Calls about a partition that the real master knows and the Python proxy lacks. */
export function partitionQuestionRoutes(routes: RouteTable, { store, bodies }: ProxyContext): void {
  routes.get('/getComputerPartitionStatus', async (request) => {
    const fields = readQuery(request);
    const [computerId, partitionId] = [fields.optional('computer_id'), fields.optional('computer_partition_id')];
    // Without a partition there is no status: the Python proxy says this whatever it is asked.
    if (computerId === undefined || partitionId === undefined) return textAnswer(marshal('Not implemented.'));
    const key = { computerId, partitionId };
    const [latest] = await store.read(async (reader) => {
      if ((await reader.partition(key)) === undefined) throw unknownPartition(key);
      return reader.reports(key, 1);
    });
    return textAnswer(marshal(statusOf(latest, `partition ${partitionId} of computer ${computerId}`)));
  });

  routes.get('/getHostingSubscriptionIpList', async (request) => {
    const key = readKey(readQuery(request));
    const addresses = await store.read(async (reader) => {
      const partition = await reader.partition(key);
      if (partition === undefined) throw unknownPartition(key);
      const rootName = partition.slapState === 'busy' ? rootNameOfInstance(partition) : '';
      const root = rootName === '' ? undefined : await reader.instance(rootName, '');
      const tree: PartitionKey[] = [...(root === undefined ? [] : [root]), ...(await reader.descendantsOf(rootName))];
      const networks = await Promise.all(tree.map((instance) => reader.networkOfPartition(instance)));
      return networks.flat();
    });
    return textAnswer(
      marshal(addresses.map(({ interfaceName, address }) => new MarshalTuple([interfaceName, address]))),
    );
  });

  routes.post('/updateComputerPartitionRelatedInstanceList', async (request) => {
    const fields = await readForm(request, bodies);
    const key = readKey(fields);
    const value = fields.marshalled('instance_reference_xml');
    const references = value instanceof MarshalTuple ? value.items : value;
    if (!Array.isArray(references) || !references.every((reference) => typeof reference === 'string')) {
      throw invalidField('instance_reference_xml', 'it must be a list of texts');
    }
    await store.write(async (writer) => {
      if ((await writer.partition(key)) === undefined) throw unknownPartition(key);
      await writer.setRelatedInstances(key, references);
    });
    return textAnswer('OK');
  });
}
