import { HostError } from './errors.js';

const UNIT_FAMILIES: readonly (readonly string[])[] = [
  ['B', 'K', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y'],
  ['', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'],
  ['byte', 'kilo', 'mega', 'giga', 'tera', 'peta', 'exa', 'zetta', 'iotta'],
  ['byte', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi'],
  ['byte', 'kibi', 'mebi', 'gibi', 'tebi', 'pebi', 'exbi', 'zebi', 'yobi'],
];

const EXPONENTS: ReadonlyMap<string, number> = new Map([
  ...UNIT_FAMILIES.flatMap((family) => family.map((unit, exponent): [string, number] => [unit, exponent])),
  ['k', 1],
]);

const BASE = 1024n;
const PRINTED_UNITS = ['', 'KB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'] as const;

/** More digits than this are nonsense, and would only cost time. */
const MAX_DIGITS = 64;
const SIZE = new RegExp(
  `^(\\d{1,${String(MAX_DIGITS)}})(?:\\.(\\d{0,${String(MAX_DIGITS)}}))?\\s{0,16}([A-Za-z]{0,5})$`,
);

/**
 * Reads a size such as `2G`, `512 MB` or `0.5kilo` (= 512); units are powers of 1024 and the result is cut to whole bytes.
 * (spec: grid 2.4)
 * @throws HostError `HOST_INVALID_SIZE` for anything else.
 */
export function parseHumanSize(text: string): bigint {
  const match = SIZE.exec(text.trim());
  const exponent = match === null ? undefined : EXPONENTS.get(match[3] ?? '');
  if (match === null || exponent === undefined) {
    throw new HostError('HOST_INVALID_SIZE', `${JSON.stringify(text)} is not a size`, {
      hint: 'Write a number and a unit, for instance 2G, 512 MB or 0.5kilo; units are powers of 1024.',
    });
  }
  const fraction = match[2] ?? '';
  return (BigInt(`${match[1] ?? ''}${fraction}`) * BASE ** BigInt(exponent)) / 10n ** BigInt(fraction.length);
}

/** Prints a size with one decimal, a blank and a unit: `953.7 MB`; plain bytes have no unit. (spec: grid 2.4) */
export function formatHumanSize(bytes: bigint | number): string {
  let value = Number(bytes);
  let unit = 0;
  while (Math.abs(value) >= Number(BASE) && unit < PRINTED_UNITS.length - 1) {
    value /= Number(BASE);
    unit += 1;
  }
  return `${value.toFixed(1)} ${PRINTED_UNITS[unit] ?? ''}`;
}
