import { randomInt } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import {
  createBuildoutBuilder,
  createPromiseRunner,
  createSlapMaster,
  firewallOptionsFromSection,
  firewallSectionSchema,
  type GridPorts,
  type GridSection,
  gridSectionSchema,
} from '@slapos/grid';
import { createLinuxHost, type Host, isSlapOSError } from '@slapos/host';
import type { ManagerSet } from '@slapos/manager';
import { SlapClient } from '@slapos/slap';
import { createSupervisordAdapter, quoteWord, type SupervisorKind, supervisorSectionSchema } from '@slapos/supervisor';
import { checkRoot } from '../base/root-check.js';
import { checkSection, mergeSections } from '../config/check-section.js';
import type { ConfigFile } from '../config/config-file.js';
import { nonEmpty } from '../config/non-empty.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { CommandLog } from '../output/log.js';
import { checkMandatory } from './mandatory.js';
import { loadNodeManagers } from './node-managers.js';
import { flagsAsKeys } from './pass-flags.js';

const SECTIONS = ['networkcache', 'slapos'];
const MILLISECONDS = 1000;
const LOCK_FOLDER_MODE = 0o755;

/** The lock of a pass: its own key, and where it is when nothing is configured (spec: cli §3.1). */
export interface PassLock {
  readonly key: 'pidfile_software' | 'pidfile_instance' | 'pidfile_report';
  readonly fallback: string;
}

export const PASS_LOCKS = {
  software: { key: 'pidfile_software', fallback: '/opt/slapos/slapgrid-sr.pid' },
  instance: { key: 'pidfile_instance', fallback: '/opt/slapos/slapgrid-cp.pid' },
  report: { key: 'pidfile_report', fallback: '/opt/slapos/slapgrid-ur.pid' },
} as const satisfies Record<string, PassLock>;

/**
 * Makes the folder of the locks that {@link PASS_LOCKS} names: a machine that nothing else of SlapOS was installed on lacks it. When that is
 * not possible, taking the lock says why.
 */
export async function makeLockFolder(): Promise<void> {
  const folder = path.dirname(PASS_LOCKS.software.fallback);
  await mkdir(folder, { recursive: true, mode: LOCK_FOLDER_MODE }).catch(() => undefined);
}

export interface NodePassRequest {
  readonly config: ConfigFile;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly logger: CommandLog;
  readonly signal: AbortSignal;
  readonly lock: PassLock;
  /** Folder of this package, where the watchdog is. */
  readonly packageRoot: string;
  /** Look only: no lock is taken, and nobody waits. */
  readonly dryRun?: boolean | undefined;
}

/** What a pass runs with. */
export interface NodePass {
  readonly section: GridSection;
  readonly ports: GridPorts;
  readonly signal: AbortSignal;
  /** What belongs to the options of each pass and is not in `[slapos]`. */
  readonly common: PassCommon;
}

/** What the passes have in common beside their section. */
type PassCommon = {
  /** Starts the watchdog: what supervisord is to run. */
  readonly watchdogProgram: string;
} & Partial<ReturnType<typeof firewallOptionsFromSection>>;

/**
 * Does what stands around a pass, in the order that tools rely on: root check, mandatory parameters, files, delay, lock, pass
 * (spec: cli §3.1). The lock is given back whatever happens.
 * @returns the exit code of `run`, or that of a pass which finds another one running
 */
export async function runNodePass(request: NodePassRequest, run: (pass: NodePass) => Promise<number>): Promise<number> {
  const { config, flags, logger, signal, lock, dryRun = false } = request;
  // [networkcache] wins over [slapos], and the command line over both (spec: grid §2.2).
  const merged = mergeSections(config, ['slapos', 'networkcache'], flagsAsKeys(flags));
  if (!dryRun) checkRoot(config);
  await checkMandatory(merged, config);
  const section = checkSection(gridSectionSchema, merged, config, SECTIONS);
  const { supervisor } = checkSection(supervisorSectionSchema, merged, config, SECTIONS);
  const firewall = config.hasSection('firewall')
    ? checkSection(firewallSectionSchema, mergeSections(config, ['firewall']), config, ['firewall'])
    : undefined;
  const watchdogProgram =
    nonEmpty(merged.values['watchdog_program']) ?? watchdogCommand(request.packageRoot, masterTrust(merged.values));
  const common: PassCommon = {
    watchdogProgram,
    ...(firewall === undefined ? {} : firewallOptionsFromSection(firewall)),
  };
  const host = createLinuxHost({
    logger,
    environment: process.env,
    ...passedVariables(merged.values['environment_pass']),
  });
  if (dryRun)
    return withPorts(merged.values, section, supervisor, undefined, host, logger, (ports) =>
      run({ section, ports, signal, common }),
    );
  if (flags['now'] !== true) await delay(merged.values['maximal_delay'], host, logger, signal);
  const file =
    (flags['pidfile'] as string | undefined) ??
    config.value('slapos', lock.key) ??
    config.value('slapos', 'pidfile') ??
    lock.fallback;
  try {
    if (file === lock.fallback) await makeLockFolder();
    await using _held = await host.locks.acquire(file);
    const managers = await loadNodeManagers(config, section.instance_root, firewall, { host, logger });
    return await withPorts(merged.values, section, supervisor, managers, host, logger, (ports) =>
      run({ section, ports, signal, common }),
    );
  } catch (error) {
    if (!isSlapOSError(error) || error.code !== 'HOST_LOCKED') throw error;
    const pid = /\b(?:pid|process) (\d+)/.exec(error.message)?.[1] ?? 'unknown';
    // The spelling is the reference's, which tools look for.
    logger.info(`New slapos process started, but another slapos process is aleady running with pid ${pid}, exiting.`);
    return EXIT_CODES.BUSY;
  }
}

async function withPorts(
  values: Readonly<Record<string, string>>,
  section: GridSection,
  supervisorKind: SupervisorKind,
  managers: ManagerSet | undefined,
  host: Host,
  logger: CommandLog,
  run: (ports: GridPorts) => Promise<number>,
): Promise<number> {
  await using client = new SlapClient({
    masterUrl: section.master_url,
    keyFile: nonEmpty(values['key_file']),
    certFile: nonEmpty(values['cert_file']),
    ...masterTrust(values),
    logger,
  });
  const master = createSlapMaster(client, section.computer_id);
  return await run({
    host,
    master,
    supervisor: createSupervisordAdapter({
      instanceRoot: section.instance_root,
      commands: host.commands,
      logger,
      kind: supervisorKind,
    }),
    builder: createBuildoutBuilder({ commands: host.commands, logger }),
    promises: createPromiseRunner({ host, master, logger }),
    logger,
    ...(managers === undefined ? {} : { managers }),
  });
}

/** How the master's certificate is checked. */
interface MasterTrust {
  readonly masterCaFile: string | undefined;
  readonly insecure: boolean;
}

function masterTrust(values: Readonly<Record<string, string>>): MasterTrust {
  return {
    masterCaFile: nonEmpty(values['master_ca_file']),
    insecure: /^(?:true|yes|on|1)$/i.test(values['master_insecure'] ?? ''),
  };
}

/** supervisord starts it with an empty environment, so nothing is looked up: our own Node.js, our own file. */
export function watchdogCommand(packageRoot: string, { masterCaFile, insecure }: Partial<MasterTrust>): string {
  const words = [process.execPath, path.join(packageRoot, 'bin/slapos-watchdog.js')];
  if (masterCaFile !== undefined) words.push('--master-ca-file', path.resolve(masterCaFile));
  if (insecure === true) words.push('--master-insecure');
  return words.map(quoteWord).join(' ');
}

function passedVariables(text: string | undefined): { environmentPass?: string[] } {
  const names = (text ?? '').split(/[\s,]+/).filter((name) => name !== '');
  return names.length === 0 ? {} : { environmentPass: names };
}

async function delay(text: string | undefined, host: Host, logger: CommandLog, signal: AbortSignal): Promise<void> {
  const maximum = Number(text ?? 0);
  if (!Number.isInteger(maximum) || maximum <= 0) return;
  const seconds = randomInt(1, maximum + 1);
  logger.info(`Sleeping for ${seconds} seconds. To disable this feature, use with --now parameter in manual.`);
  await host.clock.sleep(seconds * MILLISECONDS, signal);
}
