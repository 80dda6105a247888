import { parseHumanSize } from '@slapos/host';
import { z } from 'zod';

import type { ManagedPartition } from '../contract/subjects.js';

/** What the processes of a partition may use together; `undefined`: as much as there is. */
export interface Limits {
  /** Bytes. */
  readonly memory: number | undefined;
  /** How many processes and threads. */
  readonly pids: number | undefined;
  /** How many CPUs, such as 0.5. */
  readonly cpu: number | undefined;
}

/** The names of the limits; a request has each as the parameter `cgroup-NAME`. */
export const LIMIT_NAMES = ['memory', 'pids', 'cpu'] as const satisfies readonly (keyof Limits)[];

const PARAMETER_PREFIX = 'cgroup-';
/** With less not even a shell starts, and the kernel counts in pages of some kilobytes. */
const LEAST_MEMORY_BYTES = 1024 * 1024;
/** The kernel refuses a quota below a millisecond in its period of a tenth of a second. */
const LEAST_CPU = 0.01;
/** As the kernel has it: PID_MAX_LIMIT. */
const MOST_PIDS = 4_194_304;
const MOST_CPUS = 100_000;

/** Reads one limit, as text of the configuration or as value of a parameter; throws an `Error` that says what was expected. */
const READERS: { readonly [Name in keyof Limits]: (text: string) => number } = {
  memory: (text) => {
    let bytes: number;
    try {
      bytes = Number(parseHumanSize(text));
    } catch {
      throw new Error('expected a size such as 512M or 2G');
    }
    if (bytes < LEAST_MEMORY_BYTES || !Number.isSafeInteger(bytes))
      throw new Error('expected a size of 1M at least, such as 512M or 2G');
    return bytes;
  },
  pids: (text) => {
    const count = /^\d{1,7}$/.test(text) ? Number(text) : 0;
    if (count < 1 || count > MOST_PIDS) throw new Error('expected a whole number of processes, 1 at least');
    return count;
  },
  cpu: (text) => {
    const cpus = /^\d{1,6}(?:\.\d{1,6})?$/.test(text) ? Number(text) : 0;
    if (cpus < LEAST_CPU || cpus > MOST_CPUS) throw new Error('expected a number of CPUs, such as 0.5 or 2');
    return cpus;
  },
};

/** A schema for the text of a limit in slapos.cfg. */
export function limitText(name: keyof Limits): z.ZodType<number | undefined, string | undefined> {
  return z
    .string()
    .transform((text, context) => {
      try {
        return READERS[name](text.trim());
      } catch (error) {
        context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
        return z.NEVER;
      }
    })
    .optional();
}

/**
 * The limits of a partition: what its requester asks for, up to the maximum; without that what the configuration gives to all.
 * A parameter that makes no sense is logged and counts as not there.
 * @param defaults for partitions that ask for nothing
 * @param maxima what a request can get at most; where it is `undefined` the default is the most
 */
export function limitsOf(
  { parameters, logger }: Pick<ManagedPartition, 'parameters' | 'logger'>,
  defaults: Limits,
  maxima: Limits,
): Limits {
  const limitOf = (name: keyof Limits): number | undefined => {
    const most = maxima[name] ?? defaults[name];
    const given = defaults[name] ?? most;
    const parameter = `${PARAMETER_PREFIX}${name}`;
    const value = parameters[parameter];
    if (value === undefined || value === '') return given;
    let asked: number;
    try {
      if (typeof value !== 'string' && typeof value !== 'number') throw new Error('expected text or a number');
      asked = READERS[name](String(value).trim());
    } catch (error) {
      logger.warn('A limit is asked for that makes no sense: it is not heeded', {
        parameter,
        value,
        reason: error instanceof Error ? error.message : String(error),
      });
      return given;
    }
    if (most === undefined || asked <= most) return asked;
    logger.warn('A limit is asked for that is more than may be had', { parameter, asked, most });
    return most;
  };
  return { memory: limitOf('memory'), pids: limitOf('pids'), cpu: limitOf('cpu') };
}
