import { marshal, MarshalObject } from '@slapos/slap';

import type { FakeFrontend } from '../allocation/fake-frontend.js';

/** The ComputerPartition, of no computer, that answers the request of a frontend (spec: proxy §5.4). */
export function fakeFrontendAnswer({ title, connectionParameters }: FakeFrontend): string {
  return marshal(
    new MarshalObject({
      className: 'ComputerPartition',
      initArguments: ['', title, null],
      attributes: {
        _computer_id: '',
        _connection_dict: connectionParameters,
        _parameter_dict: {},
        _partition_id: title,
        _request_dict: null,
        slap_computer_id: '',
        slap_computer_partition_id: '',
      },
    }),
  );
}
