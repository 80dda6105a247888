import { describe, expect, test } from 'vitest';

import { computerDocument } from '../wire/documents.js';
import { marshal } from '../wire/marshal-writer.js';
import { unmarshal } from '../wire/marshal-reader.js';
import { type MarshalInput, MarshalObject, MarshalTuple } from '../wire/values.js';
import { readComputerInformation } from './information.js';

const read = (document: MarshalInput) => readComputerInformation(unmarshal(marshal(document)));

/** A computer with one partition as the real master describes it: other attributes, lists, time stamps in microseconds. */
function fromRealMaster(attributes: Record<string, MarshalInput>, parameters: Record<string, MarshalInput> = {}) {
  const partition = new MarshalObject({
    className: 'ComputerPartition',
    initArguments: ['COMP-9', 'slappart4'],
    attributes: { _parameter_dict: parameters, ...attributes },
  });
  return new MarshalObject({
    className: 'Computer',
    initArguments: ['COMP-9'],
    attributes: { _computer_partition_list: [partition] },
  });
}

describe('the information about a computer', () => {
  test('of the mini-master', () => {
    const computerId = 'COMP-1';
    const instance = {
      softwareReleaseUrl: 'https://sr.example/s.cfg',
      softwareType: 'default',
      instanceTitle: 'web',
      rootInstanceTitle: 'root',
      parameters: { _: '{"a": 1}' },
      connectionParameters: { url: 'http://x/' },
      ipList: [['tap', '10.0.0.1']] as const,
      sharedInstances: [{ slave_title: '_s', slave_reference: '_s', a: 1 }],
      timestamp: '1795412182.6581607',
    };
    const information = read(
      computerDocument({
        computerId,
        softwareReleases: [
          { softwareReleaseUrl: instance.softwareReleaseUrl, computerId, requestedState: 'destroyed' },
        ],
        partitions: [
          { computerId, partitionId: 'slappart0', instanceGuid: 'g', instance },
          { computerId, partitionId: 'slappart1' },
        ],
      }),
    );
    expect(information.softwareReleases).toEqual([
      { url: instance.softwareReleaseUrl, computerId, requestedState: 'destroyed' },
    ]);
    expect(information.partitions[0]).toEqual({
      computerId,
      partitionId: 'slappart0',
      instanceGuid: 'g',
      requestedState: 'started',
      softwareReleaseUrl: instance.softwareReleaseUrl,
      softwareType: 'default',
      instanceTitle: 'web',
      rootInstanceTitle: 'root',
      timestamp: '1795412182.6581607',
      instanceParameters: { _: '{"a": 1}' },
      connectionParameters: { url: 'http://x/' },
      ipList: [['tap', '10.0.0.1']],
      fullIpList: [],
      filter: {},
      sharedInstances: [{ slave_title: '_s', slave_reference: '_s', a: 1 }],
    });
    expect(information.partitions[1]).toEqual({
      computerId,
      partitionId: 'slappart1',
      requestedState: 'destroyed',
      instanceParameters: {},
      connectionParameters: {},
      ipList: [],
      fullIpList: [],
      filter: {},
      sharedInstances: [],
    });
  });

  test('of the real master', () => {
    const attributes = { _access_status: { text: '#access ok', user: 'x' }, _filter_dict: { computer_guid: 'COMP-9' } };
    const parameters = {
      timestamp: 1_795_412_182_658_160,
      ip_list: [['tap', '10.0.0.1']],
      full_ip_list: [new MarshalTuple<MarshalInput>(['i', 'a', 'g', 'n', 'w'])],
      root_instance_short_title: 'short',
      own: 'kept',
      __proto__x: 'kept too',
    };
    const [partition] = read(fromRealMaster(attributes, parameters)).partitions;
    expect(partition).toMatchObject({
      partitionId: 'slappart4',
      timestamp: '1795412182658160',
      ipList: [['tap', '10.0.0.1']],
      fullIpList: [['i', 'a', 'g', 'n', 'w']],
      filter: { computer_guid: 'COMP-9' },
      accessStatus: '#access ok',
    });
    expect(partition?.instanceParameters).toEqual({ own: 'kept', __proto__x: 'kept too' });
  });

  test('a parameter named __proto__ is one like any other', () => {
    const parameters = new Map<string, MarshalInput>([['__proto__', 'x']]);
    const [partition] = read(fromRealMaster({ _parameter_dict: parameters })).partitions;
    expect(Object.keys(partition?.instanceParameters ?? {})).toEqual(['__proto__']);
  });

  test.each<[string, Record<string, MarshalInput>, RegExp]>([
    ['a partition id that leads away', { _partition_id: '../etc' }, /_partition_id/],
    ['a partition id that is a folder', { _partition_id: '..' }, /_partition_id/],
    ['a state that is a number', { _requested_state: 1 }, /_requested_state/],
    ['a release that is a text', { _software_release_document: 'x' }, /_software_release_document/],
    ['parameters that are a list', { _parameter_dict: [] }, /_parameter_dict/],
    ['addresses that are a text', { _parameter_dict: { ip_list: 'x' } }, /ip_list/],
  ])('refuses %s, and says where', (_name, attributes, place) => {
    expect(() => read(fromRealMaster(attributes))).toThrow(place);
    expect(() => read(fromRealMaster(attributes))).toThrow(/slappart4|Partition/);
  });

  test('refuses another document', () => {
    expect(() => read({})).toThrow(/not about a computer/);
    const odd = new MarshalObject({
      className: 'Computer',
      initArguments: ['C'],
      attributes: { _computer_partition_list: ['x'] },
    });
    expect(() => read(odd)).toThrow(/_computer_partition_list/);
  });
});
