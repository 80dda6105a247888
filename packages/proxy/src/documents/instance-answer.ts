import { marshal, readParameterXml, softwareInstanceDocument, writeParameterXml } from '@slapos/slap';

import type { InstanceRequest } from '../allocation/instance-request.js';
import type { AllocatedInstance } from '../allocation/request-instance.js';
import type { AllocatedSharedInstance } from '../allocation/request-shared-instance.js';
import { addressPairs, instanceGuidOf, timestampOf } from './partition-object.js';

/** The SoftwareInstance that answers the request of an ordinary instance (spec: marshal §5). */
export function instanceAnswer({ partition, network, answeredState }: AllocatedInstance): string {
  return marshal(
    softwareInstanceDocument({
      computerId: partition.computerId,
      partitionId: partition.partitionId,
      softwareReleaseUrl: partition.softwareReleaseUrl ?? '',
      softwareType: partition.softwareType ?? '',
      parameters: readParameterXml(partition.parameterXml),
      connectionParameters: readParameterXml(partition.connectionXml),
      ipList: addressPairs(network),
      instance: {
        instanceGuid: instanceGuidOf(partition),
        requestedState: answeredState,
        connectionXml: partition.connectionXml,
        ...timestampOf(partition),
      },
    }),
  );
}

/** The SoftwareInstance that answers the request of a shared one: mostly its host's. */
export function sharedInstanceAnswer(request: InstanceRequest, allocated: AllocatedSharedInstance): string {
  const { host, partitionId, network, connectionXml } = allocated;
  return marshal(
    softwareInstanceDocument({
      computerId: host.computerId,
      partitionId,
      softwareReleaseUrl: host.softwareReleaseUrl ?? '',
      softwareType: host.softwareType ?? '',
      // Through parameter XML and back: as for ordinary instances, all values become texts.
      parameters: readParameterXml(writeParameterXml(request.parameters)),
      connectionParameters: readParameterXml(connectionXml),
      ipList: addressPairs(network),
    }),
  );
}
