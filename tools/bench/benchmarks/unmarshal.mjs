import { computerDocument, marshal, readComputerInformation, unmarshal } from '@slapos/slap';

const PARTITIONS = [1_000, 10_000];
const LIMITS = { maxElements: 20_000_000, maxLength: 512 * 1024 * 1024 };
const GOAL_MS_PER_1000 = 20;

/**
 * A computer whose partitions are all busy, each with parameters, connection parameters and two addresses.
 *
 * @param {number} count
 */
function documentOf(count) {
  const computerId = 'COMP-1234';
  const softwareReleaseUrl = 'https://sr.example/software/web/software.cfg';
  return marshal(
    computerDocument({
      computerId,
      softwareReleases: [{ softwareReleaseUrl, computerId, requestedState: 'available' }],
      partitions: Array.from({ length: count }, (_, index) => ({
        computerId,
        partitionId: `slappart${index}`,
        instanceGuid: `${computerId}-slappart${index}`,
        instance: {
          softwareReleaseUrl,
          softwareType: 'default',
          instanceTitle: `instance ${index}`,
          rootInstanceTitle: `instance ${index}`,
          parameters: { _: JSON.stringify({ port: 8000 + index, name: `instance ${index}`, tags: ['a', 'b & c'] }) },
          connectionParameters: { url: `http://10.0.${index >> 8}.${index & 255}:8080/`, password: 'é'.repeat(8) },
          ipList: /** @type {const} */ ([
            [`slaptap${index}`, `10.0.${index >> 8}.${index & 255}`],
            [`slaptap${index}`, `2001:db8::${index.toString(16)}`],
          ]),
          timestamp: `1795412182.${index}`,
        },
      })),
    }),
  );
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'unmarshal',
  row: 'P8',
  description: 'reading the full information about a computer in the client',
  packages: ['@slapos/slap'],
  async prepare() {
    const cases = PARTITIONS.flatMap((partitions) => {
      const text = documentOf(partitions);
      const bytes = Buffer.from(text);
      const sizes = { partitions, bytes: bytes.length, elements: (text.match(/<[a-z]/g) ?? []).length };
      /** @param {number} medianMs */
      const figures = (medianMs) => ({ msPer1000Partitions: Math.round((medianMs / partitions) * 1e6) / 1e3 });
      const goalMs = (GOAL_MS_PER_1000 * partitions) / 1000;
      return [
        { label: 'unmarshal', sizes, goalMs, figures, run: () => unmarshal(bytes, { limits: LIMITS }) },
        {
          label: 'unmarshal and check into ComputerInformation',
          sizes,
          figures,
          run: () => readComputerInformation(unmarshal(bytes, { limits: LIMITS })),
        },
        {
          label: 'the sax reader alone',
          sizes,
          figures,
          run: () => unmarshal(bytes, { limits: LIMITS, parser: 'sax' }),
        },
      ];
    });
    return { cases };
  },
};
