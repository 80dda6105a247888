import type { FormatErrorCode } from '@slapos/format';
import type { ExplanationsOf } from './explanation.js';

export const formatErrors: ExplanationsOf<FormatErrorCode> = {
  FORMAT_DEFINITION: {
    meaning: 'The file of --input_definition_file cannot be used: a section, a key or an address is missing or wrong.',
    remedy: 'The message names it. A file that --output_definition_file wrote shows the form.',
  },
  FORMAT_FOLDER: {
    meaning:
      'A folder of the computer cannot be made ready: something else has its name, or it belongs to somebody else.',
    remedy: 'The message names path and reason. Move away what is in the way, then format again.',
  },
  FORMAT_NETWORK: {
    meaning: 'The kernel refuses a change of the network, or an address never becomes ready.',
    remedy: 'The message has what it said. Once that is mended, format again: it goes on where it stopped.',
  },
  FORMAT_NETWORK_EXHAUSTED: {
    meaning: 'A network has no address or range left for another partition.',
    remedy:
      'The message names the network. Give the interface a larger one, set ipv4_local_network to a larger one, or lower partition_amount.',
  },
  FORMAT_NO_INTERFACE: {
    meaning: 'An interface that [slapformat] names does not exist, or has no IPv4 address where one is needed.',
    remedy: 'Correct interface_name, ipv6_interface or tap_gateway_interface: the message lists what there is.',
    run: ['ip -brief address'],
  },
  FORMAT_NO_IPV6: {
    meaning: 'The interface has no IPv6 address of global scope, from which those of the partitions are made.',
    remedy:
      'Give it one (a private network of fd00::/8 will do), or format with --alter-network False and a definition file.',
    run: ['ip -brief -6 address'],
  },
  FORMAT_NO_USER: {
    meaning: 'Users that the partitions need do not exist, and alter_user = false forbids to make them.',
    remedy: 'Make them, or set alter_user = true.',
  },
  FORMAT_OPTIONS: {
    meaning: 'Keys of [slapformat] are missing, contradict each other, or do not fit the machine.',
    remedy: 'The message names the key. ipv6_prefixshift, for instance, must leave room for partition_amount.',
    run: ['slapos config show slapformat --origin'],
  },
  FORMAT_SHRINK: {
    meaning:
      'partition_amount is lower than the number of partitions that there are: removing some would lose instances.',
    remedy: 'Raise it to at least the number in the message.',
  },
  FORMAT_STATE: {
    meaning: 'The document that describes the computer (computer_xml) cannot be read.',
    remedy: 'Restore it from a backup. If it is moved away, addresses and taps are chosen anew.',
  },
  FORMAT_USER: {
    meaning: 'A user that a partition would get exists, and is root or a person.',
    remedy: 'Choose another user_base_name or software_user in [slapformat].',
  },
};
