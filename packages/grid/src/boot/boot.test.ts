import {
  createMemoryHost,
  ManualClock,
  MemoryCommandRunner,
  MemoryNetwork,
  RecordingLogger,
} from '@slapos/host/testing';
import { describe, expect, it, vi } from 'vitest';

import { type BootOptions, bootNode, type BootSteps, isGlobalUnicast } from './boot.js';

describe('isGlobalUnicast', () => {
  it.each([
    ['2001:db8::1', true],
    ['3fff::1', true],
    ['fd00::1', true],
    ['fe80::1', false],
    ['fe80::1%eth0', false],
    ['::1', false],
    ['::ffff:192.0.2.1', false],
    ['ff02::1', false],
    ['4000::1', false],
    ['192.0.2.1', false],
    ['', false],
  ])('%s: %s', (address, expected) => {
    expect(isGlobalUnicast(address)).toBe(expected);
  });
});

type FormatOutcome = Awaited<ReturnType<BootSteps['format']>>;

interface Course {
  readonly formats?: readonly FormatOutcome[];
  readonly bangs?: readonly boolean[];
  /** Whether `ping` gets an answer, ping by ping. */
  readonly pings?: readonly boolean[];
  /** After how many looks the interface has its address. */
  readonly looks?: number;
}

/** Boots with the given course of events; time passes as soon as somebody waits for it. */
async function boot(course: Course, options: Partial<BootOptions> = {}): Promise<{ log: string[]; waited: number }> {
  const clock = new ManualClock();
  const logger = new RecordingLogger();
  const log: string[] = [];
  const formats = [...(course.formats ?? [])];
  const bangs = [...(course.bangs ?? [])];
  const pings = [...(course.pings ?? [])];
  const commands = new MemoryCommandRunner(({ file, args }) => {
    log.push([file, ...args].join(' '));
    return { exitCode: (pings.shift() ?? true) ? 0 : 2 };
  });
  let looks = 0;
  const network = new MemoryNetwork();
  vi.spyOn(network, 'addresses').mockImplementation(async () => {
    looks += 1;
    const common = {
      link: 'eth0',
      family: 6,
      prefixLength: 64,
      scope: 'global',
      isTentative: false,
      isDuplicate: false,
    } as const;
    const local = { ...common, address: 'fe80::1', scope: 'link' };
    return looks > (course.looks ?? 0) ? [local, { ...common, address: '2001:db8::1' }] : [local];
  });
  const steps: BootSteps = {
    format: async () => {
      const outcome = formats.shift() ?? 'formatted';
      log.push(outcome);
      return outcome;
    },
    bang: async () => {
      const isHeard = bangs.shift() ?? true;
      log.push(isHeard ? 'banged' : 'bang failed');
      if (!isHeard) throw new Error('not heard');
    },
    forgetTimestamps: async () => void log.push('forgotten'),
  };
  const host = createMemoryHost({ clock, commands, network });
  const booting = bootNode({ masterUrl: 'http://[2001:db8::9]:80/', ...options }, steps, { host, logger });
  const ended = booting.then(
    () => 'ended',
    () => 'ended',
  );
  // Time passes whenever somebody waits for it.
  const later = (): Promise<string> => new Promise((resolve) => setImmediate(resolve, 'later'));
  while ((await Promise.race([ended, later()])) !== 'ended') if (clock.sleeping > 0) clock.advance(1000);
  await booting;
  log.push(...logger.records.map(({ message }) => message));
  return { log, waited: clock.monotonic() };
}

describe('bootNode', () => {
  it('formats, bangs, and has everything processed', async () => {
    expect(await boot({})).toEqual({ log: ['formatted', 'banged', 'forgotten'], waited: 0 });
  });

  it('waits for the address of the interface, 5 s at a time', async () => {
    const { log, waited } = await boot({ looks: 2 }, { ipv6Interface: 'eth0' });
    const missing = "[BOOT] No IPv6 found on interface 'eth0', try again in 5 seconds...";
    expect(log).toEqual([
      'formatted',
      'banged',
      'forgotten',
      "[BOOT] Checking if 'eth0' has IPv6...",
      missing,
      missing,
    ]);
    expect(waited).toBe(10_000);
  });

  it('formats again until it succeeds, 15 s apart', async () => {
    const { log, waited } = await boot({ formats: ['failed', 'failed'] });
    expect(log.slice(0, 4)).toEqual(['failed', 'failed', 'formatted', 'banged']);
    expect(log.at(-1)).toBe('[BOOT] Fail to format, try again in 15 seconds...');
    expect(waited).toBe(30_000);
  });

  it.each([
    ['http://192.0.2.1/', ['ping -4 -c 2 -- 192.0.2.1', 'ping -4 -c 2 -- 192.0.2.1', 'ping -4 -c 2 -- 192.0.2.1']],
    [
      'https://[2001:db8::9]:8443/',
      ['ping -6 -c 2 -- 2001:db8::9', 'ping -6 -c 2 -- 2001:db8::9', 'ping -6 -c 2 -- 2001:db8::9'],
    ],
    [
      'https://slap.example/',
      ['ping -6 -c 2 -- slap.example', 'ping -4 -c 2 -- slap.example', 'ping -6 -c 2 -- slap.example'],
    ],
  ])('pings the master at %s when the post failed, until it answers', async (masterUrl, pings) => {
    const { log, waited } = await boot({ formats: ['not-posted'], pings: [false, false, true] }, { masterUrl });
    expect(log.slice(0, 6)).toEqual(['not-posted', ...pings, 'formatted', 'banged']);
    expect(waited).toBe(15_000 + 2 * 5000);
  });

  it('bangs until it is heard, and forgets nothing before', async () => {
    const { log, waited } = await boot({ bangs: [false, false, true] });
    expect(log.slice(0, 5)).toEqual(['formatted', 'bang failed', 'bang failed', 'banged', 'forgotten']);
    expect(log).toContain('[BOOT] Fail to bang, try again in 15 seconds...');
    expect(waited).toBe(30_000);
  });

  it('ends when it is told to', async () => {
    await expect(boot({}, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});
