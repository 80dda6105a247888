import {
  type InstanceInformation,
  type InstanceRequest,
  isSlapError,
  readParameterXml,
  type SlapClient,
} from '@slapos/slap';
import { CliError } from '../errors.js';

/** An instance that the master knows, as it was requested. */
export interface KnownInstance {
  readonly information: InstanceInformation;
  /** The parameters as they are sent: a document in `_` is its JSON text. */
  readonly parameters: Readonly<Record<string, string>>;
  /** The document of the parameters: what is in `_`, or the keys themselves. */
  readonly document: Readonly<Record<string, unknown>>;
}

/**
 * What the master knows of an instance of this name; `undefined` when it has none. Needs hateoas.
 * @throws SlapError `SLAP_HATEOAS_UNAVAILABLE`, and what a connection throws
 */
export async function findInstance(
  client: SlapClient,
  reference: string,
  signal: AbortSignal,
): Promise<KnownInstance | undefined> {
  try {
    return knownInstance(await client.registerOpenOrder().getInformation(reference, { signal }));
  } catch (error) {
    if (isSlapError(error, 'SLAP_NOT_FOUND') || isSlapError(error, 'SLAP_NOT_READY')) return undefined;
    throw error;
  }
}

/**
 * The same for a name that must be one.
 * @throws CliError `CLI_INPUT`
 */
export async function requireInstance(
  client: SlapClient,
  reference: string,
  signal: AbortSignal,
): Promise<KnownInstance> {
  const known = await findInstance(client, reference, signal);
  if (known !== undefined) return known;
  throw new CliError('CLI_INPUT', `Instance ${reference} does not exist.`, {
    hint: 'slapos service list prints the names of yours.',
  });
}

function knownInstance(information: InstanceInformation): KnownInstance {
  const sent = information.instanceParameters;
  const inner = sent['_'];
  const isDocument =
    Object.keys(sent).length === 1 && typeof inner === 'object' && inner !== null && !Array.isArray(inner);
  return {
    information,
    parameters: Object.fromEntries(Object.entries(sent).map(([key, value]) => [key, wireText(value)])),
    document: isDocument ? (inner as Record<string, unknown>) : sent,
  };
}

const INDENT = 2;

function wireText(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, undefined, INDENT);
}

/**
 * The request that changes nothing of an instance but its state: release, type, parameters and place stay (spec: ux-ideas §18).
 * @throws CliError `CLI_INPUT` when the master does not say from which release it is
 */
export function requestForState(reference: string, known: KnownInstance, state: string): InstanceRequest {
  const { softwareReleaseUrl, softwareType, isShared, fields } = known.information;
  if (softwareReleaseUrl === undefined) {
    throw new CliError('CLI_INPUT', `The master does not say of which Software Release ${reference} is an instance.`, {
      hint: `slapos request ${reference} SOFTWARE_URL --state ${state}`,
    });
  }
  const sla = fields['sla_xml'];
  return {
    softwareReleaseUrl,
    partitionReference: reference,
    parameters: known.parameters,
    softwareType,
    shared: isShared,
    state,
    ...(typeof sla === 'string' && sla !== ''
      ? { filter: Object.fromEntries([...readParameterXml(sla)].map(([name, text]) => [name, text ?? ''])) }
      : {}),
  };
}
