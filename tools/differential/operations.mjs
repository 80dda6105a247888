import fc from 'fast-check';

/**
 * One thing that a node, an instance or a person does at a master. Names, releases and partitions are few, so that what is done meets
 * what was done before; `partition` may be one that does not exist.
 *
 * @typedef {(
 *   | { do: 'format', partitions: number }
 *   | { do: 'supply', release: string, state: string }
 *   | { do: 'report software', what: string, release: string }
 *   | { do: 'request', name: string, by: string | null, release: string, type: string, state: string | null, shared: boolean,
 *       parameters: Record<string, string>, host: string | null, without: string | null }
 *   | { do: 'publish', partition: string, connection: Record<string, string>, slave: string | null }
 *   | { do: 'bang', partition: string }
 *   | { do: 'rename', partition: string, name: string }
 *   | { do: 'report instance', what: string, partition: string }
 *   | { do: 'destroyed', partition: string }
 *   | { do: 'look', at: string, partition: string }
 * )} Operation
 */

const name = fc.constantFrom('web', 'database', 'été', 'a_b');
const release = fc.constantFrom('https://sr.example/one.cfg', '/srv/two.cfg', "/srv/it's.cfg");
const partition = fc.constantFrom('slappart0', 'slappart1', 'slappart2', 'slappart9');
const text = fc.oneof(
  fc.constantFrom('', 'plain', ' spaces ', '<&>"\'', 'two\nlines', 'ünïcödé', '{"_": 1}'),
  fc.string({ maxLength: 8, unit: fc.constantFrom('a', ' ', '<', '"', 'é', '\t', '0') }),
);
const parameters = fc.dictionary(fc.constantFrom('port', '_', 'a key', 'slave_title'), text, {
  maxKeys: 3,
  noNullPrototype: true,
});

/** @type {fc.Arbitrary<Operation>} */
const request = fc.record({
  do: /** @type {fc.Arbitrary<'request'>} */ (fc.constant('request')),
  name,
  by: fc.option(partition, { freq: 1, nil: null }),
  release,
  type: fc.constantFrom('default', '', 'other'),
  state: fc.constantFrom(null, 'started', 'started', 'stopped', 'destroyed', 'bogus'),
  shared: fc.constantFrom(false, false, true),
  parameters,
  host: fc.option(partition, { freq: 1, nil: null }),
  // A field that is left out: one in twelve.
  without: fc.constantFrom(.../** @type {null[]} */ (Array.from({ length: 11 }, () => null)), 'software_release'),
});

/** @type {fc.Arbitrary<Operation>} */
export const operation = fc.oneof(
  { weight: 10, arbitrary: request },
  {
    weight: 1,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'format'>} */ (fc.constant('format')),
      partitions: fc.integer({ min: 0, max: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'supply'>} */ (fc.constant('supply')),
      release,
      state: fc.constantFrom('available', 'available', 'destroyed', 'bogus'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'report software'>} */ (fc.constant('report software')),
      what: fc.constantFrom(
        'buildingSoftwareRelease',
        'availableSoftwareRelease',
        'softwareReleaseError',
        'destroyedSoftwareRelease',
      ),
      release,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'publish'>} */ (fc.constant('publish')),
      partition,
      connection: parameters,
      slave: fc.option(name, { freq: 1, nil: null }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: /** @type {fc.Arbitrary<'bang'>} */ (fc.constant('bang')), partition }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: /** @type {fc.Arbitrary<'rename'>} */ (fc.constant('rename')), partition, name }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'report instance'>} */ (fc.constant('report instance')),
      what: fc.constantFrom('startedComputerPartition', 'stoppedComputerPartition', 'softwareInstanceError'),
      partition,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: /** @type {fc.Arbitrary<'destroyed'>} */ (fc.constant('destroyed')), partition }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: /** @type {fc.Arbitrary<'look'>} */ (fc.constant('look')),
      at: fc.constantFrom('getFullComputerInformation', 'getComputerInformation', 'registerComputerPartition'),
      partition,
    }),
  },
);

/**
 * Sequences of operations; every one begins with a computer of three partitions.
 *
 * @param {number} maxLength
 */
export function sequences(maxLength) {
  return fc.array(operation, { minLength: 1, maxLength, size: 'max' });
}
