import type { CommandRunner, Logger } from '@slapos/host';

/** What a service manager is told: it begins, reads its configuration again, ends, or says how it is. */
export type ServiceNotice = 'READY=1' | 'RELOADING=1' | 'STOPPING=1' | `STATUS=${string}`;

/** Tells systemd how it stands with the service (sd_notify). */
export interface ServiceManager {
  /** Never fails: a service does its work whether or not somebody hears of it. */
  notify(...notices: ServiceNotice[]): Promise<void>;
}

/**
 * The service manager that started us. Node.js has no datagram sockets of the unix kind, so that systemd's own program does
 * the talking; the unit needs `NotifyAccess=all`.
 * @param socket value of `NOTIFY_SOCKET`; absent: nobody wants to know
 */
export function createServiceManager(
  socket: string | undefined,
  ports: { readonly commands: CommandRunner; readonly logger: Logger },
): ServiceManager {
  if (socket === undefined || socket === '') return { notify: () => Promise.resolve() };
  return {
    async notify(...notices) {
      try {
        const { exitCode, output } = await ports.commands.run({
          file: 'systemd-notify',
          args: [`--pid=${process.pid}`, ...notices],
          env: { NOTIFY_SOCKET: socket },
          timeoutMs: 5000,
        });
        if (exitCode !== 0) ports.logger.warn(`Cannot tell the service manager: ${output.trim()}`);
      } catch (error) {
        ports.logger.warn('Cannot tell the service manager', { error });
      }
    },
  };
}
