import path from 'node:path';
import { createLinuxHost, isSlapOSError, type Logger } from '@slapos/host';
import { writeWhole } from '../configure/write-files.js';
import { nonEmpty } from '../config/non-empty.js';

const PUBLIC_FILE = 0o644;

/** What those that wait for a mini-master are told, as one JSON line (spec: ux-ideas §14). */
export interface ReadyLine {
  readonly ready: true;
  readonly url: string;
  /** The page for people. */
  readonly panel: string;
  readonly pid: number;
}

/** The line of a mini-master of this process that listens at a URL. */
export function readyLine(url: string): ReadyLine {
  return { ready: true, url, panel: new URL('/', url).href, pid: process.pid };
}

/**
 * Tells that the mini-master takes calls: in a file, which appears whole, and to systemd, where that started us.
 * @param file none when nobody wants one
 */
export async function announceReady(
  line: ReadyLine,
  { file, environment, logger }: { file: string | undefined; environment: NodeJS.ProcessEnv; logger: Logger },
): Promise<void> {
  if (file !== undefined) await writeWhole(path.resolve(file), `${JSON.stringify(line)}\n`, PUBLIC_FILE);
  const socket = nonEmpty(environment['NOTIFY_SOCKET']);
  if (socket === undefined) return;
  // Node.js has no datagram sockets of the file system.
  const args = ['--ready', `--pid=${process.pid}`, `--status=Running on ${line.url}`];
  try {
    const env = { NOTIFY_SOCKET: socket };
    const { exitCode, output } = await createLinuxHost({ logger }).commands.run({ file: 'systemd-notify', args, env });
    if (exitCode !== 0) logger.warn('systemd was not told that the mini-master is ready', { exitCode, output });
  } catch (error) {
    if (!isSlapOSError(error)) throw error;
    logger.warn('systemd was not told that the mini-master is ready', { error });
  }
}
