import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import path from 'node:path';

import { z } from 'zod';

import { fileError, HostError, systemErrorCode } from '../errors.js';
import { findProgram } from '../commands/program.js';
import type { BlockDevice, Disks, Mount } from './disks.js';

const MOUNT_INFO = '/proc/self/mountinfo';
const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;

async function nearestExisting(target: string): Promise<string> {
  for (let current = path.resolve(target); ; current = path.dirname(current)) {
    try {
      await fs.stat(current);
      return current;
    } catch (error) {
      const code = systemErrorCode(error);
      if ((code !== 'ENOENT' && code !== 'ENOTDIR') || current === '/') throw fileError('look at', current, error);
    }
  }
}

async function output(program: string, args: readonly string[]): Promise<string> {
  const uid = process.geteuid?.() ?? 0;
  const file = await findProgram(program, { mustBeTrusted: uid === 0, uid });
  return new Promise((resolve, reject) => {
    const options = { cwd: '/', env: { LANG: 'C.UTF-8' }, timeout: TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES };
    execFile(file, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new HostError('HOST_COMMAND_FAILED', `${program} failed: ${stderr.trim() || error.message}`, {
            cause: error,
          }),
        );
    });
  });
}

/**
 * Bytes that an unprivileged user can still write on the file system of `target`, or of its nearest ancestor that exists:
 * f_bavail × f_frsize. Node.js only knows f_bsize, so stat(1) is asked. (spec: grid 5.2)
 */
export async function freeSpace(target: string): Promise<bigint> {
  const existing = await nearestExisting(target);
  const text = await output('stat', ['--file-system', '--format=%a %S', '--', existing]);
  const match = /^(\d+) (\d+)\s*$/.exec(text);
  if (match === null) {
    throw new HostError(
      'HOST_COMMAND_FAILED',
      `stat says ${JSON.stringify(text)} about the file system of ${JSON.stringify(existing)}`,
    );
  }
  return BigInt(match[1] ?? '') * BigInt(match[2] ?? '');
}

/** The kernel writes blanks, tabs, newlines and backslashes of paths as three octal digits. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

const MIN_MOUNT_FIELDS = 10;

/** Reads mountinfo; lines that are not of its form are left out. (proc_pid_mountinfo(5)) */
export function parseMountInfo(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const separator = fields.indexOf('-');
    if (fields.length < MIN_MOUNT_FIELDS || separator === -1) return [];
    const options = (fields[5] ?? '').split(',');
    const superOptions = (fields[separator + 3] ?? '').split(',');
    return [
      {
        device: fields[2] ?? '',
        mountPoint: unescapeOctal(fields[4] ?? ''),
        type: fields[separator + 1] ?? '',
        source: unescapeOctal(fields[separator + 2] ?? ''),
        readOnly: options.includes('ro') || superOptions.includes('ro'),
      },
    ];
  });
}

const lsblkSchema = z.object({
  blockdevices: z.array(
    z.object({
      path: z.string(),
      type: z.string(),
      size: z.union([z.number(), z.string().transform(Number)]),
      'maj:min': z.string(),
      pkname: z.string().nullish(),
      mountpoints: z.array(z.string().nullable()).nullish(),
    }),
  ),
});

/** Reads the answer of `lsblk --json --bytes --list --paths`. */
export function parseLsblk(text: string): BlockDevice[] {
  let parsed: z.infer<typeof lsblkSchema>;
  try {
    parsed = lsblkSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new HostError('HOST_COMMAND_FAILED', 'lsblk answered something that we do not understand', { cause: error });
  }
  return parsed.blockdevices.map((entry) => ({
    path: entry.path,
    type: entry.type,
    sizeBytes: entry.size,
    device: entry['maj:min'].trim(),
    parentPath: entry.pkname ?? undefined,
    mountPoints: (entry.mountpoints ?? []).filter((point) => point !== null),
  }));
}

/** The machine's disks. */
export class LinuxDisks implements Disks {
  freeSpace(target: string): Promise<bigint> {
    return freeSpace(target);
  }

  async mounts(): Promise<Mount[]> {
    try {
      return parseMountInfo(await fs.readFile(MOUNT_INFO, 'utf8'));
    } catch (error) {
      throw fileError('read', MOUNT_INFO, error);
    }
  }

  async blockDevices(): Promise<BlockDevice[]> {
    const columns = 'PATH,TYPE,SIZE,MAJ:MIN,PKNAME,MOUNTPOINTS';
    return parseLsblk(await output('lsblk', ['--json', '--bytes', '--list', '--paths', '--output', columns]));
  }
}
