import { describe, expect, test } from 'vitest';

import {
  isSlapError,
  marshal,
  type MarshalInput,
  MarshalObject,
  readParameterXml,
  unmarshal,
  writeParameterXml,
} from '../src/index.js';
import documents from './fixtures/documents.json' with { type: 'json' };
import parameterXml from './fixtures/parameter-xml.json' with { type: 'json' };
import values from './fixtures/values.json' with { type: 'json' };
import { buildRecorded, type RecordedValue } from './recorded-values.js';

const recordedValues = values.values as { name: string; value: RecordedValue; xml: string }[];

describe('the 264 recorded values', () => {
  test('there are that many', () => {
    expect(recordedValues).toHaveLength(264);
  });

  test.each(recordedValues)('$name: written byte for byte', ({ value, xml }) => {
    expect(marshal(buildRecorded(value))).toBe(xml);
  });

  test.each(recordedValues)('$name: read by both parsers, and written back', ({ xml }) => {
    for (const parser of ['auto', 'sax'] as const) {
      expect(marshal(unmarshal(xml, { allowCycles: true, parser }))).toBe(xml);
    }
  });
});

interface RecordedDocument {
  document?: string;
  documentBase64?: string;
  generate?: string;
  error?: string;
  value?: RecordedValue;
}

/** Where we are stricter than the Python reader on purpose, and why. */
const STRICTER = new Map([
  ['<marshal><int>1_000</int></marshal>', 'underscores in numbers'],
  ['<!DOCTYPE a [<!ENTITY e "boo">]><marshal><string>&e;</string></marshal>', 'DOCTYPE'],
  ['<!DOCTYPE a SYSTEM "file:///etc/hostname"><marshal><string>x</string></marshal>', 'DOCTYPE'],
  ['<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><marshal><string>&e;</string></marshal>', 'DOCTYPE'],
  ['<int>1</int>', 'a bare value as the root'],
  ['<marshal><marshal><int>1</int></marshal></marshal>', 'marshal inside marshal'],
  [
    '<marshal><object id="i2" module="slapos.slap.slap" class="SoftwareInstance"><tuple/><dictionary id="i3"><string>self</string><reference id="i2"/></dictionary></object></marshal>',
    'an object that refers to itself',
  ],
]);

function contentOf(recorded: RecordedDocument): string | Uint8Array {
  if (recorded.generate !== undefined) return `<marshal>${'<list>'.repeat(2000)}${'</list>'.repeat(2000)}</marshal>`;
  return recorded.document ?? Buffer.from(recorded.documentBase64!, 'base64');
}

/** What Python's constructor adds to a partition before the state is laid over it; we keep the two parts as they came. */
function constructed(value: MarshalInput): MarshalInput {
  if (!(value instanceof MarshalObject) || value.className !== 'ComputerPartition') return value;
  const [computerId = null, partitionId = null, requestDictionary = null] = value.initArguments;
  return new MarshalObject({
    className: value.className,
    initArguments: [computerId, partitionId, requestDictionary],
    attributes: new Map<string, MarshalInput>([
      ['_computer_id', computerId],
      ['_partition_id', partitionId],
      ['_request_dict', requestDictionary],
      ...value.attributes,
    ]),
  });
}

describe('the 90 recorded documents', () => {
  const all = documents.documents as RecordedDocument[];

  test('there are that many', () => {
    expect(all).toHaveLength(90);
  });

  test.each(all.map((recorded, index) => ({ index, recorded })))('document $index', ({ recorded }) => {
    const content = contentOf(recorded);
    const isRefused =
      recorded.error !== undefined || recorded.generate !== undefined || STRICTER.has(recorded.document ?? '');
    for (const parser of ['auto', 'sax'] as const) {
      const read = () => unmarshal(content, { allowCycles: true, parser });
      if (isRefused) {
        expect(read).toThrow(expect.objectContaining({ code: 'SLAP_INVALID_DOCUMENT' }));
      } else {
        expect(marshal(constructed(read()))).toBe(marshal(constructed(buildRecorded(recorded.value!))));
      }
    }
  });
});

describe('recorded parameter XML', () => {
  const all = parameterXml.values as { value: RecordedValue; xml?: string; readBack?: RecordedValue; error?: string }[];

  test.each(all.map((recorded, index) => ({ index, recorded })))('value $index', ({ recorded }) => {
    const value = buildRecorded(recorded.value) as Map<string, unknown>;
    if (recorded.error !== undefined) {
      expect(() => writeParameterXml(value)).toThrow(expect.objectContaining({ code: 'SLAP_INVALID_ARGUMENT' }));
      return;
    }
    expect(writeParameterXml(value)).toBe(recorded.xml);
    expect(readParameterXml(recorded.xml)).toEqual(buildRecorded(recorded.readBack!));
  });
});

test('a document that contains itself is refused unless it is asked for', () => {
  const cyclic = '<marshal><list id="i2"><reference id="i2"/></list></marshal>';
  expect(() => unmarshal(cyclic)).toThrow(/contains itself/);
  try {
    unmarshal(cyclic);
  } catch (error) {
    expect(isSlapError(error, 'SLAP_INVALID_DOCUMENT')).toBe(true);
  }
});
