/**
 * One pass in a process of its own, for tests that kill it. It counts what it does to the disk and the processes that it starts, and
 * kills itself with SIGKILL at the given count: in the middle of a write, before anything else.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import { createLinuxHost, silentLogger } from '@slapos/host';
import type { ComputerInformation } from '@slapos/slap';
import { createSupervisordAdapter } from '@slapos/supervisor';

import { createBuildoutBuilder } from '../../src/buildout/buildout-builder.js';
import { runInstancePass } from '../../src/partition/pass.js';
import { runSoftwarePass } from '../../src/software/pass.js';
import { InMemoryMaster } from '../../src/testing.js';
import { createPromiseRunner } from '../../src/promises/local-promise-runner.js';
import { type LifecycleOptions, type Phase, runPhase } from './lifecycle.js';

/** What the process is told on its command line, as JSON. */
export type PassProcessOptions = RealPassOptions | LifecyclePhaseOptions;

/** One phase of a node's life. */
export interface LifecyclePhaseOptions extends LifecycleOptions {
  readonly phase: Phase;
  readonly killAt?: number;
}

/** A pass with a real supervisord and a real buildout. */
export interface RealPassOptions {
  readonly pass: 'software' | 'instance';
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  readonly information: ComputerInformation;
  /** Kill yourself at this count; absent: never. */
  readonly killAt?: number;
}

/** What it prints when it comes to its end. */
export interface PassProcessReport {
  readonly outcome: string;
  readonly count: number;
  readonly calls: readonly string[];
}

const CHANGING = [
  'renameSync',
  'unlinkSync',
  'mkdirSync',
  'rmdirSync',
  'symlinkSync',
  'fchmodSync',
  'fchownSync',
  'lchownSync',
  'chmodSync',
  'ftruncateSync',
] as const;

let count = 0;

function strike(killAt: number | undefined, last?: () => void): void {
  count += 1;
  if (count !== killAt) return;
  last?.();
  process.kill(process.pid, 'SIGKILL');
}

function injectKill(killAt: number | undefined): void {
  type AnyFunction = (...args: unknown[]) => unknown;
  const functions = fs as unknown as Record<string, AnyFunction>;
  for (const name of CHANGING) {
    const original = functions[name];
    if (original === undefined) throw new Error(`there is no fs.${name}`);
    functions[name] = (...args) => {
      strike(killAt);
      return original(...args);
    };
  }
  const open = functions['openSync'];
  const write = functions['writeSync'];
  if (open === undefined || write === undefined) throw new Error('there is no fs.openSync or fs.writeSync');
  functions['openSync'] = (...args) => {
    if (((args[1] as number) & fs.constants.O_CREAT) !== 0) strike(killAt);
    return open(...args);
  };
  functions['writeSync'] = (...args) => {
    const data = args[1];
    strike(killAt, () => {
      // Half of the data reaches the disk.
      if (data instanceof Uint8Array) write(args[0], data.subarray(0, Math.floor(data.length / 2)));
    });
    return write(...args);
  };
  const spawner = childProcess as unknown as Record<string, AnyFunction>;
  const spawn = spawner['spawn'];
  if (spawn === undefined) throw new Error('there is no child_process.spawn');
  spawner['spawn'] = (...args) => {
    const child = spawn(...args);
    strike(killAt);
    return child;
  };
  syncBuiltinESMExports();
}

async function runRealPass(options: RealPassOptions): Promise<Omit<PassProcessReport, 'count'>> {
  const { softwareRoot, instanceRoot } = options;
  const master = new InMemoryMaster(options.information);
  const common = { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n };
  const builder = createBuildoutBuilder({ commands: host.commands, logger });
  const result =
    options.pass === 'software'
      ? await runSoftwarePass({ ...common, allowLocalSoftware: true }, { host, master, builder, logger })
      : await runInstancePass(common, {
          host,
          master,
          builder,
          logger,
          supervisor: createSupervisordAdapter({
            instanceRoot,
            commands: host.commands,
            logger,
            kind: 'supervisord',
            // In a bundle of one file the package's own program is not where it is looked for.
            embeddedCommand: ['false'],
          }),
          promises: createPromiseRunner({ host, master, logger }),
        });
  return { outcome: result.outcome, calls: master.calls.map(([method]) => method) };
}

async function runLifecyclePhase(options: LifecyclePhaseOptions): Promise<Omit<PassProcessReport, 'count'>> {
  const { outcome } = await runPhase(options.phase, options, { host, logger });
  return { outcome, calls: [] };
}

const options = JSON.parse(process.argv[2] ?? '') as PassProcessOptions;
const logger = silentLogger;
const host = createLinuxHost();
injectKill(options.killAt);
const result = 'phase' in options ? await runLifecyclePhase(options) : await runRealPass(options);
const report: PassProcessReport = { ...result, count };
process.stdout.write(JSON.stringify(report));
