import { createLinuxHost, parseHumanSize } from '@slapos/host';
import { access, constants, stat, statfs } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { nonEmpty } from '../config/non-empty.js';
import type { DoctorContext, Finding } from './finding.js';

const DEFAULT_FREE_SPACE = '1000M';
/** Below twice what a build asks for it is time to think of it. */
const COMFORT = 2n;
const GIGABYTE = 1024 ** 3;

/** Who we are, and whether the users of the node are there. */
export async function checkRights({ config }: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  const isRoot = process.geteuid?.() === 0;
  const needsRoot = !/^(?:false|no|off|0)$/i.test(config.value('slapos', 'root_check') ?? 'true');
  findings.push(
    isRoot || !needsRoot
      ? { id: 'rights.root', severity: 'ok', message: isRoot ? 'root' : 'root_check is off: everything runs as you' }
      : {
          id: 'rights.root',
          severity: 'warning',
          message: 'not root: some checks see less, and passes refuse to run',
          remedy: 'sudo slapos doctor',
        },
  );
  if (!config.hasSection('slapformat')) return findings;
  const user = nonEmpty(config.value('slapformat', 'software_user')) ?? 'slapsoft';
  const altersUsers = !/^false$/i.test(config.value('slapformat', 'alter_user') ?? 'true');
  if (altersUsers) {
    const found = await createLinuxHost().users.byName(user);
    findings.push(
      found === undefined
        ? { id: 'rights.users', severity: 'error', message: `no user ${user}`, remedy: 'slapos node format --now' }
        : { id: 'rights.users', severity: 'ok', message: user },
    );
  }
  return findings;
}

/** Interfaces that the configuration names. */
export async function checkNetwork({ config }: DoctorContext): Promise<Finding[]> {
  const name = nonEmpty(config.value('slapformat', 'interface_name'));
  const ipv6Name = nonEmpty(config.value('slapformat', 'ipv6_interface')) ?? name;
  if (name === undefined) return [{ id: 'network.interface', severity: 'skipped', message: 'no interface_name' }];
  const interfaces = os.networkInterfaces();
  const missing = [...new Set([name, ipv6Name])].filter((each) => each !== undefined && interfaces[each] === undefined);
  if (missing.length > 0) {
    const message = `no interface ${missing.join(', ')} with an address`;
    return [{ id: 'network.interface', severity: 'error', message, remedy: 'correct interface_name in [slapformat]' }];
  }
  const addresses = (interfaces[ipv6Name ?? name] ?? []).filter(
    ({ family, scopeid }) => family === 'IPv6' && scopeid === 0,
  );
  const shown = addresses.map(({ cidr, address }) => cidr ?? address).join(', ');
  return Promise.resolve([
    { id: 'network.interface', severity: 'ok', message: name },
    shown === ''
      ? {
          id: 'network.ipv6',
          severity: 'warning',
          message: `no IPv6 address on ${ipv6Name ?? name}`,
          remedy: 'most masters and instances are reached over IPv6: start re6stnet, or configure one',
        }
      : { id: 'network.ipv6', severity: 'ok', message: shown },
  ]);
}

/** Folders and the space in them. */
export async function checkDisk({ config }: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [key, spaceKey] of [
    ['software_root', 'software_min_free_space'],
    ['instance_root', 'instance_min_free_space'],
  ] as const) {
    const folder = nonEmpty(config.value('slapos', key));
    if (folder !== undefined)
      findings.push(await checkSpace(key, folder, config.value('slapos', spaceKey) ?? DEFAULT_FREE_SPACE));
  }
  const repository = nonEmpty(config.value('slapos', 'certificate_repository_path'));
  if (repository !== undefined && !(await exists(repository)))
    findings.push({
      id: 'disk.certificate_repository_path',
      severity: 'error',
      message: `${repository} does not exist`,
      remedy: 'slapos node format --now makes it',
      fix: {
        question: `Make ${repository}`,
        apply: async () => {
          const { mkdir } = await import('node:fs/promises');
          await mkdir(repository, { recursive: true, mode: 0o700 });
        },
      },
    });
  return findings.length > 0 ? findings : [{ id: 'disk.space', severity: 'skipped', message: 'no folders of a node' }];
}

async function checkSpace(key: string, folder: string, least: string): Promise<Finding> {
  const id = `disk.${key}`;
  try {
    const { bavail, bsize } = await statfs(folder, { bigint: true });
    const free = bavail * bsize;
    const needed = parseHumanSize(least);
    const message = `${folder} ${(Number(free) / GIGABYTE).toFixed(1)} GB free, ${least} needed`;
    const remedy = 'slapos node prune --dry-run shows what nothing uses';
    if (free < needed) return { id, severity: 'error', message, remedy };
    return free < needed * COMFORT ? { id, severity: 'warning', message, remedy } : { id, severity: 'ok', message };
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    const message = isMissing
      ? `${folder} does not exist`
      : `${folder}: ${error instanceof Error ? error.message : String(error)}`;
    return { id, severity: 'error', message, remedy: isMissing ? 'slapos node format --now makes it' : undefined };
  }
}

/** Programs that passes start. */
export async function checkPrograms({ config, environment }: DoctorContext): Promise<Finding[]> {
  if (config.value('slapos', 'software_root') === undefined)
    return [{ id: 'programs.buildout', severity: 'skipped', message: 'no node' }];
  const configured = nonEmpty(config.value('slapos', 'buildout'));
  const found = configured ?? (await findProgram('buildout', environment));
  const isThere = found !== undefined && (await exists(found));
  return [
    isThere
      ? { id: 'programs.buildout', severity: 'ok', message: found }
      : {
          id: 'programs.buildout',
          severity: 'error',
          message: configured === undefined ? 'buildout is not installed' : `${configured} does not exist`,
          remedy: 'apt-get install python3-zc.buildout, or name it with buildout in [slapos]',
        },
  ];
}

async function findProgram(name: string, { PATH = '' }: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of PATH.split(path.delimiter).filter((entry) => entry !== '')) {
    const file = path.join(folder, name);
    const isExecutable = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isExecutable) return file;
  }
  return undefined;
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
