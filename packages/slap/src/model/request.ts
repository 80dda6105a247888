import { SlapError } from '../errors.js';
import { marshal } from '../wire/marshal-writer.js';
import { isPlainObject, type MarshalInput } from '../wire/values.js';

/** A dictionary of parameters or of a filter: what marshalling can write. */
export type RequestDictionary = Readonly<Record<string, MarshalInput>> | ReadonlyMap<string, MarshalInput>;

/** What is asked of the master (spec: slap-client §7). */
export interface InstanceRequest {
  readonly softwareReleaseUrl: string;
  /** The requester's own name for the instance; the same name updates the same instance. */
  readonly partitionReference: string;
  readonly parameters?: RequestDictionary | null | undefined;
  /** Default `default`. */
  readonly softwareType?: string | null | undefined;
  /** Where it may run: `computer_guid`, `network_guid`, … */
  readonly filter?: RequestDictionary | null | undefined;
  /** `started`, `stopped` or `destroyed`; null or absent keeps the state (a new instance is started). */
  readonly state?: string | null | undefined;
  /** Whether a shared instance (slave) on somebody's instance is asked for. */
  readonly shared?: boolean | undefined;
}

/** An instance that was requested and that the master is still making: ask again later. */
export class NotReady {
  readonly isReady = false;
  readonly request: InstanceRequest;

  constructor(request: InstanceRequest) {
    this.request = request;
  }

  /** The error for those who cannot go on: `SLAP_NOT_READY`, retryable. */
  toError(): SlapError {
    const name = JSON.stringify(this.request.partitionReference);
    return new SlapError('SLAP_NOT_READY', `Instance ${name} is requested, and the master is still making it.`, {
      status: 408,
      retryable: true,
      hint: 'Request it again in a couple of minutes.',
    });
  }
}

/** The fields that both kinds of request marshal. */
export function requestFields(
  request: InstanceRequest,
): Record<'parameters' | 'filter' | 'softwareType' | 'state' | 'shared', string> {
  return {
    parameters: marshal(dictionaryOf(request.parameters, 'parameters', request)),
    filter: marshal(dictionaryOf(request.filter, 'filter', request)),
    softwareType: request.softwareType ?? 'default',
    state: marshal(request.state ?? null),
    shared: marshal(request.shared ?? false),
  };
}

function dictionaryOf(value: unknown, what: string, request: InstanceRequest): MarshalInput {
  if (value === undefined || value === null) return {};
  if (value instanceof Map || isPlainObject(value)) return value as MarshalInput;
  const name = JSON.stringify(request.partitionReference);
  throw new SlapError('SLAP_INVALID_ARGUMENT', `The ${what} of the request of ${name} are not a dictionary.`, {
    hint: 'Give a plain object or a Map.',
  });
}
