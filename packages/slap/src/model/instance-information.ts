import { SlapError } from '../errors.js';
import { readParameterXml } from '../wire/parameter-xml.js';
import { emptyRecord, type PlainRecord } from '../wire/values.js';

/** What the master's documents say of an instance (spec: slap-client §8). */
export interface InstanceInformation {
  /** Every field of the document as it came. */
  readonly fields: Readonly<PlainRecord>;
  readonly softwareReleaseUrl: string | undefined;
  readonly softwareType: string | undefined;
  /** As the master says it: `start_requested` of the real one, `started` of the mini-master. */
  readonly requestedState: string | undefined;
  readonly isShared: boolean;
  /** When `_` is the only parameter, its JSON is parsed. */
  readonly instanceParameters: Readonly<PlainRecord>;
  readonly connectionParameters: Readonly<PlainRecord>;
  readonly news: unknown;
}

/** Reads the flattened document of an instance (spec: slap-client §8). */
export function readInstanceInformation(fields: Readonly<PlainRecord>): InstanceInformation {
  return {
    fields,
    softwareReleaseUrl: textOf(fields['url_string']),
    softwareType: textOf(fields['source_reference']),
    requestedState: textOf(fields['slap_state']),
    isShared: Boolean(fields['root_slave']),
    instanceParameters: parametersOf(fields['text_content']),
    connectionParameters: connectionOf(fields['connection_parameter_list']),
    news: fields['news'] ?? null,
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function parametersOf(content: unknown): PlainRecord {
  const record = emptyRecord();
  for (const [name, value] of readParameterXml(textOf(content) ?? null)) record[name] = value;
  const names = Object.keys(record);
  const json = record['_'];
  if (names.length === 1 && typeof json === 'string') {
    try {
      record['_'] = JSON.parse(json) as unknown;
    } catch (cause) {
      throw new SlapError('SLAP_INVALID_DOCUMENT', 'The parameter "_" of the instance is not JSON.', { cause });
    }
  }
  return record;
}

/** The real master sends a list of keys and values, the mini-master parameter XML. */
function connectionOf(value: unknown): PlainRecord {
  const record = emptyRecord();
  if (typeof value === 'string') for (const [name, text] of readParameterXml(value)) record[name] = text;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (typeof item !== 'object' || item === null) continue;
      const { connection_key: key, connection_value: text } = item as Record<string, unknown>;
      if (typeof key === 'string') record[key] = text;
    }
  } else if (typeof value === 'object' && value !== null) {
    Object.assign(record, value);
  }
  return record;
}
