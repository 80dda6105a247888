import { isSlapOSError } from '@slapos/host';
import { readFile, rm, stat } from 'node:fs/promises';
import { socketPath } from '@slapos/supervisor';
import { nonEmpty } from '../config/non-empty.js';
import { connectSupervisor, nodeSupervisorOf } from '../node/supervisor-commands.js';
import type { DoctorContext, Finding } from './finding.js';

const LOCKS = {
  software: ['pidfile_software', '/opt/slapos/slapgrid-sr.pid'],
  instance: ['pidfile_instance', '/opt/slapos/slapgrid-cp.pid'],
  report: ['pidfile_report', '/opt/slapos/slapgrid-ur.pid'],
} as const;

/** The supervisor: whether it runs, and can. */
export async function checkSupervisor({ config, logger }: DoctorContext): Promise<Finding[]> {
  if (nonEmpty(config.value('slapos', 'instance_root')) === undefined)
    return [{ id: 'supervisor.running', severity: 'skipped', message: 'no node' }];
  try {
    const node = await nodeSupervisorOf(config);
    const socket = await socketPath(node.instanceRoot);
    const supervisor = connectSupervisor(node, logger);
    if (!(await supervisor.isRunning()))
      return [
        {
          id: 'supervisor.running',
          severity: 'warning',
          message: 'not running: no service of this node runs',
          remedy: 'slapos node supervisord',
        },
      ];
    const programs = await supervisor.allProcessInfo();
    const bad = programs.filter(({ stateName }) => stateName === 'FATAL' || stateName === 'BACKOFF');
    return [
      { id: 'supervisor.running', severity: 'ok', message: `running, ${programs.length} programs, ${socket}` },
      ...bad.map(({ group, name, stateName }) => ({
        id: 'supervisor.programs',
        severity: 'error' as const,
        message: `${group}:${name} is ${stateName}`,
        remedy: `slapos node tail ${group}:${name}`,
      })),
    ];
  } catch (error) {
    const remedy = isSlapOSError(error) ? error.hint : undefined;
    const message = error instanceof Error ? error.message : String(error);
    return [{ id: 'supervisor.running', severity: 'error', message, remedy }];
  }
}

/** The locks of passes: who holds them, and since when. */
export async function checkPasses({ config, now }: DoctorContext): Promise<Finding[]> {
  if (nonEmpty(config.value('slapos', 'instance_root')) === undefined)
    return [{ id: 'passes.lock', severity: 'skipped', message: 'no node' }];
  const found = await Promise.all(
    Object.entries(LOCKS).map(async ([pass, [key, fallback]]) => {
      const file = nonEmpty(config.value('slapos', key)) ?? nonEmpty(config.value('slapos', 'pidfile')) ?? fallback;
      return checkLock(pass, file, now());
    }),
  );
  const findings = found.filter((finding) => finding !== undefined);
  return findings.length > 0 ? findings : [{ id: 'passes.lock', severity: 'ok', message: 'no pass is running' }];
}

async function checkLock(pass: string, file: string, now: number): Promise<Finding | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const pid = /^\s*(\d+)/.exec(text)?.[1] ?? '';
  const { mtimeMs } = await stat(file);
  const minutes = Math.round((now - mtimeMs) / 60_000);
  const isAlive =
    pid !== '' &&
    (await stat(`/proc/${pid}`).then(
      () => true,
      () => false,
    ));
  if (isAlive)
    return { id: `passes.${pass}`, severity: 'ok', message: `node ${pass} runs as ${pid} since ${minutes} min` };
  return {
    id: `passes.${pass}`,
    severity: 'warning',
    message: `node ${pass} did not end ${minutes} min ago: ${file} is held by ${pid === '' ? 'nobody' : `${pid}, which is gone`}`,
    remedy: 'the next pass takes it over; look at why the last one died (journalctl -k)',
    fix: {
      question: `Remove ${file}`,
      apply: () => rm(file, { force: true }),
    },
  };
}

/** The mini-master, where one is configured. */
export async function checkProxy({ config }: DoctorContext): Promise<Finding[]> {
  const databaseUri =
    nonEmpty(config.value('slapproxy', 'database_uri')) ?? nonEmpty(config.value('slapproxy', 'database-uri'));
  const id = 'proxy.database';
  if (!config.hasSection('slapproxy') || databaseUri === undefined)
    return [{ id, severity: 'skipped', message: 'not configured' }];
  const { hasProxyDatabase, shownDatabaseUri } = await import('@slapos/proxy');
  const shown = shownDatabaseUri(databaseUri);
  try {
    if (await hasProxyDatabase(databaseUri)) return [{ id, severity: 'ok', message: shown }];
    return [{ id, severity: 'warning', message: `${shown} does not exist yet`, remedy: 'slapos proxy start makes it' }];
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    return [{ id, severity: 'error', message: error.message, remedy: error.hint }];
  }
}
