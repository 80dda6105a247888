import { isSlapError, unmarshal } from '@slapos/slap';

import { Fields } from '../http/form.js';
import type { PartitionKey } from '../store/records.js';

/** What a call is about, as far as who may make it depends on that. */
export interface Claim {
  /** The computer that is named; absent when the call names none. */
  readonly computerId?: string | undefined;
  readonly partitionId?: string | undefined;
  /** The shared instance that a host speaks for, by the tool API's name for it. */
  readonly slaveReference?: string | undefined;
  /** An instance, as the JSON-RPC API names it. */
  readonly instanceGuid?: string | undefined;
}

/** A partition that a claim names completely. */
export function keyOf({ computerId, partitionId }: Claim): PartitionKey | undefined {
  return computerId === undefined || partitionId === undefined ? undefined : { computerId, partitionId };
}

/** Reads what a call of the tool API is about; `fields` are those of its form or query. */
export function toolClaim(path: string, fields: URLSearchParams): Claim {
  const text = (name: string) => fields.get(name) ?? undefined;
  if (path === '/registerComputerPartition') {
    return { computerId: text('computer_reference'), partitionId: text('computer_partition_reference') };
  }
  // The computer that is formatted is the one in the document, whatever the form says.
  if (path === '/loadComputerConfigurationFromXML') return { computerId: formattedComputer(text('xml') ?? '') };
  const slaveReference =
    path === '/setComputerPartitionConnectionXml' ? new Fields(fields).reference('slave_reference') : undefined;
  return { computerId: text('computer_id'), partitionId: text('computer_partition_id'), slaveReference };
}

/** Reads what a call of the JSON-RPC API is about. */
export function rpcClaim(body: string): Claim {
  let params: unknown;
  try {
    params = JSON.parse(body);
  } catch {
    return {}; // It is refused for that.
  }
  if (typeof params !== 'object' || params === null) return {};
  const text = (name: string) => {
    const value = (params as Readonly<Record<string, unknown>>)[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    computerId: text('computer_guid'),
    partitionId: text('compute_partition_id'),
    instanceGuid: text('instance_guid'),
  };
}

function formattedComputer(xml: string): string | undefined {
  try {
    const document = unmarshal(xml, { limits: { maxElements: 4_000_000, maxLength: 512 * 1024 * 1024 } });
    const reference = document instanceof Map ? document.get('reference') : undefined;
    return typeof reference === 'string' ? reference : undefined;
  } catch (error) {
    if (!isSlapError(error)) throw error;
    return undefined;
  }
}
