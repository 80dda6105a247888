import type { MarshalValue } from '@slapos/slap';

import type { PartitionKey } from '../store/records.js';

/** What a user, or an instance in a partition, asks for (spec: proxy §5.1). */
export interface InstanceRequest {
  /** The partition that asks; `undefined` for the user. */
  readonly requester: PartitionKey | undefined;
  readonly name: string;
  readonly softwareReleaseUrl: string;
  /** `''` means the default type. */
  readonly softwareType: string;
  readonly parameters: ReadonlyMap<string, MarshalValue>;
  /** Where it may be: `computer_guid`, `instance_guid`, `master_url`; other keys are kept for other masters. */
  readonly filter: ReadonlyMap<string, MarshalValue>;
  /** `null` keeps what was asked before; a new instance is started. */
  readonly requestedState: string | null;
  readonly shared: boolean;
}

/** A text of the filter; `undefined` when it is absent, empty or no text. */
export function filterText(request: InstanceRequest, key: string): string | undefined {
  const value = request.filter.get(key);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
