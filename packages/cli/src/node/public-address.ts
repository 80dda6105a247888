import { isIPv4 } from 'node:net';

/** Services that tell a client its address, and under which key of their answer (spec: format §4.8). */
const SERVICES = [
  ['https://api.ipify.org/?format=json', 'ip'],
  ['http://httpbin.org/ip', 'origin'],
  ['http://jsonip.com', 'ip'],
] as const;
const TIMEOUT_MS = 15_000;

/** The IPv4 address by which the world sees this machine: what two of the services agree on, else `null`. They are asked side by side. */
export async function findPublicIpv4Address(signal: AbortSignal): Promise<string | null> {
  const answers = await Promise.all(SERVICES.map(async ([url, key]) => askService(url, key, signal)));
  const valid = answers.filter((answer) => answer !== undefined);
  return valid.find((answer, index) => index > 0 && valid[index - 1] === answer) ?? null;
}

async function askService(url: string, key: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]) });
    const answer: unknown = await response.json();
    if (typeof answer !== 'object' || answer === null) return undefined;
    const value = Object.entries(answer).find(([name]) => name === key)?.[1] as unknown;
    return typeof value === 'string' && isIPv4(value) ? value : undefined;
  } catch {
    // A machine without a way to the service is an ordinary one.
    return undefined;
  }
}
