import { formatComputer } from '../../allocation/format-computer.js';
import { computerStatus } from '../../documents/status.js';
import { ProxyError } from '../../errors.js';
import { invalidField } from '../../http/form.js';
import { ownUrl } from '../../http/own-url.js';
import { keepUsage, reportAboutComputer } from '../../reports/keep-report.js';
import { partitionIdSchema } from '../../routes/computer.js';
import type { StoreReader } from '../../store/proxy-store.js';
import { rpcGuidOf } from '../guid.js';
import { nameOf, rpcState } from '../instance-object.js';
import { refused, requireReadable, type RpcMethods, success } from '../rpc-call.js';

const IGNORED = 'Ignored';

/** The methods about computers (spec: proxy §8). */
export const computerMethods = {
  'get.v0.hateoas_url': async ({ http, context }) => ({
    hateoas_url: `${ownUrl(http, context.options).root}/hateoas/`,
  }),

  'put.v0.compute_node_format': async ({ params, context: { store, logger } }) => {
    requireReadable(params);
    const partitions = params.compute_partition_list.map(({ partition_id: partitionId, ip_list: addresses = [] }) => {
      if (!partitionIdSchema.safeParse(partitionId).success)
        throw invalidField('partition_id', `${JSON.stringify(partitionId)} is no name of a folder`);
      for (const address of addresses) requireReadable(address);
      return {
        partitionId,
        interfaceName: '',
        addresses: addresses.map((address) => ({
          address: address['ip-address'],
          netmask: address.netmask ?? null,
          interfaceName: address['network-interface'] ?? '',
        })),
      };
    });
    const computer = { computerId: params.computer_guid, address: null, netmask: null };
    await store.write((writer) => formatComputer(writer, { ...computer, partitions }, logger));
    return success('Formatted');
  },

  'allDocs.WIP.compute_node_list': async ({ context: { store } }) => {
    const computers = await store.read((reader) => reader.computers());
    return { result_list: computers.map(({ computerId }) => ({ computer_guid: computerId })) };
  },

  'put.v0.compute_node_bang': async ({ params, context: { store, timestamps } }) => {
    const statement = { kind: 'bang' as const, message: params.message, reportedAt: timestamps.now() };
    await store.write((writer) => reportAboutComputer(writer, params.computer_guid, statement));
    return success(IGNORED);
  },

  'post.v0.compute_node_usage': async ({ params, context: { store, timestamps } }) => {
    const usage = { computerId: params.computer_guid, document: params.tioxml, reportedAt: timestamps.now() };
    await store.write((writer) => keepUsage(writer, usage));
    return success(IGNORED);
  },

  'get.v0.compute_node_status': async ({ params: { computer_guid: computerId }, context: { store } }) => {
    const { text } = await store.read(async (reader) => {
      await requireComputer(reader, computerId);
      return computerStatus(await reader.latestReports(computerId), computerId);
    });
    return { text };
  },

  'post.v0.compute_node_certificate': async ({ params: { computer_guid: computerId }, context }) => {
    await context.store.read((reader) => requireComputer(reader, computerId));
    const { key, certificate } = await context.authority.issueForComputer(computerId);
    return { key, certificate };
  },

  'remove.v0.compute_node_certificate': async ({ params: { computer_guid: computerId }, context }) => {
    await context.store.read((reader) => requireComputer(reader, computerId));
    try {
      await context.authority.revokeForComputer(computerId);
    } catch (error) {
      // There is none: what was asked for is so.
      if (!(error instanceof ProxyError && error.code === 'PROXY_NOT_FOUND')) throw error;
    }
    return success(IGNORED);
  },

  'allDocs.v0.compute_node_instance_list': async ({ params: { computer_guid: computerId }, context: { store } }) => {
    const partitions = await store.read(async (reader) => {
      await requireComputer(reader, computerId);
      return reader.partitionsOf(computerId);
    });
    const busy = partitions.filter(({ slapState }) => slapState === 'busy');
    return {
      result_list: busy.map((partition) => ({
        title: partition.instanceName ?? '',
        instance_guid: rpcGuidOf(nameOf(partition), false),
        state: rpcState(partition.requestedState),
        compute_partition_id: partition.partitionId,
        software_release_uri: partition.softwareReleaseUrl ?? '',
      })),
    };
  },
} satisfies Partial<RpcMethods>;

/** @throws ProxyError `PROXY_FORBIDDEN` for a computer that was never formatted. */
export async function requireComputer(reader: StoreReader, computerId: string): Promise<void> {
  if ((await reader.computer(computerId)) === undefined) throw refused(`${computerId} is not registered.`);
}
