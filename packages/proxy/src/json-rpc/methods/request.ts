import {
  type JsonRpcRequest,
  MarshalObject,
  type MarshalValue,
  readParameterXml,
  unmarshal,
  writeParameterXml,
} from '@slapos/slap';

import { fakeFrontend } from '../../allocation/fake-frontend.js';
import type { InstanceRequest } from '../../allocation/instance-request.js';
import { requestInstance } from '../../allocation/request-instance.js';
import { requestSharedInstance } from '../../allocation/request-shared-instance.js';
import type { ProxyContext } from '../../context.js';
import { ProxyError } from '../../errors.js';
import { ownUrl } from '../../http/own-url.js';
import type { JsonInput } from '../../http/python-json.js';
import type { PartitionKey } from '../../store/records.js';
import { findInstance, parseRpcGuid } from '../guid.js';
import { instanceObject, type InstanceParts, partitionInstance, rpcState } from '../instance-object.js';
import { jsonDictionary, marshalDictionary } from '../json-values.js';
import { requireReadable, type RpcMethods } from '../rpc-call.js';

const DEFAULT_SOFTWARE_TYPE = 'default';
const INSTANCE_GUID = 'instance_guid';
const NOT_READY = { message: 'Resource not ready', name: 'SoftwareInstanceNotReady', status: 102 };

type Parameters = JsonRpcRequest<'post.v0.software_instance'>;

/** The request of an instance, always by the user (spec: proxy §8). */
export const requestMethods = {
  'post.v0.software_instance': async ({ params, http, context }) => {
    const request = await readRequest(params, context);
    try {
      const forwarded = await context.forwarding.forwardIfNeeded(request, http);
      if (forwarded !== undefined) return forwardedInstance(request, forwarded);
    } catch (error) {
      if (error instanceof ProxyError && error.code === 'PROXY_NOT_READY') return NOT_READY;
      throw error;
    }
    return request.shared ? answerShared(request, http, context) : answerInstance(request, context);
  },
} satisfies Partial<RpcMethods>;

async function readRequest(params: Parameters, context: ProxyContext): Promise<InstanceRequest> {
  requireReadable(params);
  if (params.title === '') {
    throw new ProxyError('PROXY_INVALID_REQUEST', 'An instance needs a name: title is empty', {
      hint: 'Choose a name; the same name finds the same instance again.',
    });
  }
  return {
    requester: undefined,
    name: params.title,
    softwareReleaseUrl: params.software_release_uri,
    softwareType: params.software_type,
    parameters: marshalDictionary(params.parameters),
    filter: await readFilter(params, context),
    requestedState: params.state ?? 'started',
    shared: params.shared ?? false,
  };
}

/** A host may be named by its guid of this API: the others know it by its computer and partition. */
async function readFilter(params: Parameters, { store, options }: ProxyContext): Promise<Map<string, MarshalValue>> {
  const filter = marshalDictionary(params.sla_parameters);
  const guid = filter.get(INSTANCE_GUID);
  const parsed = typeof guid === 'string' ? parseRpcGuid(guid) : undefined;
  if (parsed === undefined || parsed.isShared) return filter;
  const host = await store.read((reader) => findInstance(reader, parsed));
  const computerId = filter.get('computer_guid') ?? options.computerId;
  if (host?.computerId === computerId) filter.set(INSTANCE_GUID, host.partitionId);
  return filter;
}

async function answerInstance(request: InstanceRequest, { store, allocation }: ProxyContext): Promise<JsonInput> {
  const { partition, network, answeredState } = await store.write((writer) =>
    requestInstance(writer, request, allocation),
  );
  return partitionInstance(partition, network, answeredState);
}

async function answerShared(request: InstanceRequest, http: Request, context: ProxyContext): Promise<JsonInput> {
  const frontend = fakeFrontend(request, ownUrl(http, context.options));
  if (frontend !== undefined) {
    return elsewhere(request, { computerId: '', partitionId: frontend.title }, frontend.connectionParameters);
  }
  const { host, partitionId, network, connectionXml } = await context.store.write((writer) =>
    requestSharedInstance(writer, request, context.allocation),
  );
  return instanceObject({
    ...requestedParts(request),
    // A shared instance has no state of its own.
    state: 'started',
    softwareType: request.softwareType === '' ? (host.softwareType ?? '') : request.softwareType,
    connectionXml,
    network,
    computerId: host.computerId,
    partitionId,
  });
}

/** What another master answered, as far as this API can say it. */
function forwardedInstance(request: InstanceRequest, document: string): JsonInput {
  const answer = unmarshal(document);
  const attributes = answer instanceof MarshalObject ? answer.attributes : new Map<string, MarshalValue>();
  const text = (name: string) => {
    const value = attributes.get(name);
    return typeof value === 'string' ? value : '';
  };
  const connection = attributes.get('_connection_dict');
  return elsewhere(
    request,
    { computerId: text('slap_computer_id'), partitionId: text('slap_computer_partition_id') },
    connection instanceof Map ? (connection as ReadonlyMap<string, MarshalValue>) : new Map<string, MarshalValue>(),
  );
}

/** An instance that is not one of ours. */
function elsewhere(
  request: InstanceRequest,
  key: PartitionKey,
  connection: ReadonlyMap<string, MarshalValue>,
): JsonInput {
  return {
    ...instanceObject({ ...requestedParts(request), connectionXml: null, network: [], ...key }),
    connection_parameters: jsonDictionary(connection),
  };
}

/** What the request itself says; parameters are texts, as they are for those who read the instance. */
function requestedParts(
  request: InstanceRequest,
): Pick<
  InstanceParts,
  'name' | 'isShared' | 'softwareReleaseUrl' | 'softwareType' | 'state' | 'parameters' | 'changedAt'
> {
  return {
    name: { name: request.name, rootName: '' },
    isShared: request.shared,
    softwareReleaseUrl: request.softwareReleaseUrl,
    softwareType: request.softwareType === '' ? DEFAULT_SOFTWARE_TYPE : request.softwareType,
    state: rpcState(request.requestedState ?? 'started'),
    parameters: jsonDictionary(readParameterXml(writeParameterXml(request.parameters))),
    changedAt: null,
  };
}
