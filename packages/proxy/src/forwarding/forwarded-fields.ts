import { marshal } from '@slapos/slap';

import type { InstanceRequest } from '../allocation/instance-request.js';
import type { ExternalMaster } from '../configuration/proxy-options.js';

/**
 * The fields of the request as the other master gets it: as the partition that is configured there, which makes the instance its child, or
 * as a user, and then the filter says where it came from (spec: slap-client §7).
 */
export function forwardedFields(request: InstanceRequest, master: ExternalMaster, name: string): URLSearchParams {
  const parameters = marshal(request.parameters);
  const state = marshal(request.requestedState);
  const shared = marshal(request.shared);
  if (master.computerId !== undefined && master.partitionId !== undefined) {
    return new URLSearchParams({
      computer_id: master.computerId,
      computer_partition_id: master.partitionId,
      software_release: request.softwareReleaseUrl,
      software_type: request.softwareType,
      partition_reference: name,
      shared_xml: shared,
      partition_parameter_xml: parameters,
      filter_xml: marshal(request.filter),
      state,
    });
  }
  return new URLSearchParams({
    software_release: request.softwareReleaseUrl,
    partition_reference: name,
    partition_parameter_xml: parameters,
    filter_xml: marshal(new Map([...request.filter, ['source_instance_id', name]])),
    software_type: request.softwareType,
    state,
    shared_xml: shared,
  });
}
