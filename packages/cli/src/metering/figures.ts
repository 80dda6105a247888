const KIB = 1024;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** A number of bytes for people: three digits and a unit. */
export function bytesText(bytes: number): string {
  const exponent = bytes < KIB ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), UNITS.length - 1);
  const value = bytes / KIB ** exponent;
  return `${exponent === 0 || value >= 100 ? value.toFixed(0) : value.toFixed(1)} ${UNITS[exponent] ?? ''}`;
}

/** A share with one decimal, and its sign. */
export function percentText(percent: number): string {
  return `${percent.toFixed(1)} %`;
}
