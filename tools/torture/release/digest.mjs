import { createHash } from 'node:crypto';

const LENGTH = 12;

/**
 * What an instance is made of, in one word: it names the instance's service and is what the instance publishes, so that everybody can
 * see whether it is what was asked for.
 *
 * @param {{ release: string, parameters: Readonly<Record<string, unknown>>, shared: readonly { reference: string, n: unknown }[] }} wanted
 */
export function digestOf({ release, parameters, shared }) {
  const sorted = [...shared].sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const text = JSON.stringify([release, parameters['n'], sorted.map(({ reference, n }) => [reference, n])]);
  return createHash('sha256').update(text).digest('hex').slice(0, LENGTH);
}
