import { marshal } from '@slapos/slap';

/** @import { Operation } from './operations.mjs' */

/**
 * @typedef {object} Call
 * @property {'GET' | 'POST'} method
 * @property {string} path with its query
 * @property {Record<string, string>} [form]
 */

/**
 * What belongs to one sequence alone: names are found over the whole of a master's database, so each sequence has its own.
 *
 * @typedef {object} World
 * @property {string} prefix
 */

/** @param {World} world */
export const computerOf = (world) => `COMP-${world.prefix}`;

/**
 * The call of the SLAP tool API for an operation (spec: proxy §4, §5).
 *
 * @param {Operation} operation
 * @param {World} world
 * @returns {Call}
 */
export function callOf(operation, world) {
  const computer = computerOf(world);
  /** @param {string} path @param {Record<string, string>} form @returns {Call} */
  const post = (path, form) => ({ method: 'POST', path: `/${path}`, form });
  /** @param {string} partition */
  const place = (partition) => ({ computer_id: computer, computer_partition_id: partition });

  switch (operation.do) {
    case 'format':
      return post('loadComputerConfigurationFromXML', { xml: computerDocument(computer, operation.partitions) });
    case 'supply':
      return post('supplySupply', { url: operation.release, computer_id: computer, state: operation.state });
    case 'report software':
      return post(operation.what, { url: operation.release, computer_id: computer, error_log: 'an error' });
    case 'request':
      return post('requestComputerPartition', requestForm(operation, world));
    case 'publish': {
      const slave = operation.slave === null ? {} : { slave_reference: `_${world.prefix}${operation.slave}` };
      const connection = marshal(operation.connection);
      return post('setComputerPartitionConnectionXml', {
        ...place(operation.partition),
        connection_xml: connection,
        ...slave,
      });
    }
    case 'bang':
      return post('softwareInstanceBang', { ...place(operation.partition), message: 'bang' });
    case 'rename':
      return post('softwareInstanceRename', {
        ...place(operation.partition),
        new_name: `${world.prefix}${operation.name}`,
      });
    case 'report instance':
      return post(operation.what, { ...place(operation.partition), error_log: 'an error' });
    case 'destroyed':
      return post('destroyedComputerPartition', place(operation.partition));
    case 'look': {
      const query =
        operation.at === 'registerComputerPartition'
          ? { computer_reference: computer, computer_partition_reference: operation.partition }
          : { computer_id: computer };
      return { method: 'GET', path: `/${operation.at}?${new URLSearchParams(query).toString()}` };
    }
    default:
      throw new TypeError(`No such operation: ${JSON.stringify(operation)}`);
  }
}

/** @param {string} computer @param {number} partitions */
function computerDocument(computer, partitions) {
  return marshal({
    reference: computer,
    address: '10.0.0.254',
    netmask: '255.255.255.0',
    partition_list: Array.from({ length: partitions }, (_, index) => ({
      reference: `slappart${index}`,
      tap: { name: `slaptap${index}` },
      address_list: [
        { addr: `10.0.0.${index + 1}`, netmask: '255.255.255.255' },
        { addr: `2001:db8::${index + 1}`, netmask: 'ffff:ffff:ffff:ffff::' },
      ],
    })),
  });
}

/** @param {Extract<Operation, { do: 'request' }>} operation @param {World} world */
function requestForm(operation, world) {
  const computer = computerOf(world);
  const filter = {
    computer_guid: computer,
    ...(operation.host === null ? {} : { instance_guid: `${computer}-${operation.host}` }),
  };
  const fields = Object.entries({
    ...(operation.by === null ? {} : { computer_id: computer, computer_partition_id: operation.by }),
    software_release: operation.release,
    software_type: operation.type,
    partition_reference: `${world.prefix}${operation.name}`,
    partition_parameter_xml: marshal(operation.parameters),
    filter_xml: marshal(filter),
    state: marshal(operation.state),
    shared_xml: marshal(operation.shared),
  });
  return Object.fromEntries(fields.filter(([field]) => field !== operation.without));
}
