import { isSlapError, marshal, type MarshalInput, MarshalObject, unmarshal } from '@slapos/slap';

import type { InstanceRequest } from '../allocation/instance-request.js';
import type { ExternalMaster } from '../configuration/proxy-options.js';
import { ProxyError } from '../errors.js';
import type { MasterAnswer } from './master-caller.js';

/**
 * The ComputerPartition that answers a forwarded request: all that the other master said, and which master it was (spec: proxy §6).
 * `undefined` when it is not ready.
 * @throws ProxyError `PROXY_NOT_FOUND` when the other master found nothing, `PROXY_UPSTREAM_FAILED` for all else.
 */
export function forwardedAnswer(
  answer: MasterAnswer,
  request: InstanceRequest,
  master: ExternalMaster,
): string | undefined {
  if (answer.status === 408) return undefined;
  if (answer.status === 404) {
    throw new ProxyError('PROXY_NOT_FOUND', `The master ${master.url} has nothing for ${JSON.stringify(request.name)}`);
  }
  if (answer.status !== 200) {
    throw new ProxyError('PROXY_UPSTREAM_FAILED', `The master ${master.url} answered ${answer.status}`, {
      retryable: true,
    });
  }
  const upstream = readAttributes(answer.body, master);
  const computerId = textOf(upstream, 'slap_computer_id', master);
  const partitionId = textOf(upstream, 'slap_computer_partition_id', master);
  return marshal(
    new MarshalObject({
      className: 'ComputerPartition',
      initArguments: [computerId, partitionId, null],
      attributes: new Map<string, MarshalInput>([
        ['_computer_id', computerId],
        ['_partition_id', partitionId],
        ['_request_dict', null],
        ['_connection_helper', null],
        ['_hateoas_navigator', null],
        ...(request.shared ? ([['_synced', true]] as const) : []),
        ...upstream,
        ['_software_release_document', request.softwareReleaseUrl],
        ['_master_url', master.url],
      ]),
    }),
  );
}

function readAttributes(body: string, master: ExternalMaster): ReadonlyMap<string, MarshalInput> {
  try {
    const value = unmarshal(body);
    if (value instanceof MarshalObject) return value.attributes;
  } catch (error) {
    if (!isSlapError(error)) throw error;
    throw new ProxyError('PROXY_UPSTREAM_FAILED', `The master ${master.url} did not answer a SLAP document`, {
      cause: error,
    });
  }
  throw new ProxyError('PROXY_UPSTREAM_FAILED', `The master ${master.url} did not answer an instance`);
}

function textOf(attributes: ReadonlyMap<string, MarshalInput>, name: string, master: ExternalMaster): string {
  const value = attributes.get(name);
  if (typeof value === 'string') return value;
  throw new ProxyError('PROXY_UPSTREAM_FAILED', `The instance that the master ${master.url} answered has no ${name}`);
}
