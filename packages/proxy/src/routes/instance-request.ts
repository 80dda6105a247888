import type { MarshalValue } from '@slapos/slap';

import { fakeFrontend } from '../allocation/fake-frontend.js';
import type { InstanceRequest } from '../allocation/instance-request.js';
import { requestInstance } from '../allocation/request-instance.js';
import { requestSharedInstance } from '../allocation/request-shared-instance.js';
import type { ProxyContext } from '../context.js';
import { fakeFrontendAnswer } from '../documents/fake-frontend-answer.js';
import { instanceAnswer, sharedInstanceAnswer } from '../documents/instance-answer.js';
import { ProxyError } from '../errors.js';
import { type Fields, invalidField, isTrue, readForm } from '../http/form.js';
import { textAnswer } from '../http/html-pages.js';
import { ownUrl } from '../http/own-url.js';
import type { RouteTable } from '../http/route-table.js';
import type { PartitionKey } from '../store/records.js';

/** `POST /requestComputerPartition` (spec: proxy §5). */
export function instanceRequestRoutes(routes: RouteTable, context: ProxyContext): void {
  const { store, bodies, forwarding } = context;
  routes.post('/requestComputerPartition', async (http) => {
    const request = readInstanceRequest(await readForm(http, bodies));
    const forwarded = await forwarding.forwardIfNeeded(request, http);
    if (forwarded !== undefined) return textAnswer(forwarded);
    return textAnswer(request.shared ? await answerShared(request, http, context) : await answerInstance());

    async function answerInstance(): Promise<string> {
      return instanceAnswer(await store.write((writer) => requestInstance(writer, request, context.allocation)));
    }
  });
}

async function answerShared(
  request: InstanceRequest,
  http: Request,
  { store, options, allocation }: ProxyContext,
): Promise<string> {
  const frontend = fakeFrontend(request, ownUrl(http, options));
  if (frontend !== undefined) return fakeFrontendAnswer(frontend);
  return sharedInstanceAnswer(
    request,
    await store.write((writer) => requestSharedInstance(writer, request, allocation)),
  );
}

function readInstanceRequest(fields: Fields): InstanceRequest {
  const softwareReleaseUrl = fields.required('software_release');
  const softwareType = fields.required('software_type');
  const name = fields.required('partition_reference');
  if (name === '') {
    throw new ProxyError('PROXY_INVALID_REQUEST', 'An instance needs a name: partition_reference is empty', {
      hint: 'Choose a name; the same name finds the same instance again.',
    });
  }
  return {
    requester: readRequester(fields),
    name,
    softwareReleaseUrl,
    softwareType,
    parameters: fields.dictionary('partition_parameter_xml'),
    filter: fields.dictionary('filter_xml'),
    requestedState: readState(fields.marshalled('state')),
    shared: isTrue(fields.marshalled('shared_xml', { fallback: false })),
  };
}

function readRequester(fields: Fields): PartitionKey | undefined {
  const computerId = fields.optional('computer_id');
  const partitionId = fields.optional('computer_partition_id');
  return computerId === undefined || partitionId === undefined || partitionId === ''
    ? undefined
    : { computerId, partitionId };
}

function readState(value: MarshalValue): string | null {
  if (value === null || typeof value === 'string') return value;
  throw invalidField('state', 'it must be a text or none');
}
