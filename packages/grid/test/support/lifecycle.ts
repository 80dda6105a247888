import type { Host, Logger, UserIdentity } from '@slapos/host';
import { UntrustedDirectory } from '@slapos/host';

import {
  createBuildoutBuilder,
  createPromiseRunner,
  runInstancePass,
  runReportPass,
  runSoftwarePass,
  type SoftwareBuilder,
} from '../../src/index.js';
import { aPartition, InMemoryMaster } from '../../src/testing.js';
import { MemorySupervisor } from './memory-supervisor.js';

/** The life of a node's instances, pass by pass; each phase begins where the one before it ended. */
export const PHASES = ['install', 'start', 'report', 'stop', 'destroy', 'remove'] as const;
export type Phase = (typeof PHASES)[number];

const RELEASE_URL = 'https://example.org/web/software.cfg';
const STATES: Readonly<Record<Phase, 'started' | 'stopped' | 'destroyed'>> = {
  install: 'started',
  start: 'started',
  report: 'started',
  stop: 'stopped',
  destroy: 'destroyed',
  remove: 'destroyed',
};

/** Where the life happens; a process that is killed is told this. */
export interface LifecycleOptions {
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  readonly partitions: number;
}

/** How a phase ended. */
export interface PhaseEnd {
  readonly outcome: string;
  readonly errors: readonly Error[];
}

const CONSUMPTION =
  '<consumption><movement><resource>CPU</resource><quantity>1.0</quantity><price>0.00</price><VAT></VAT><category></category></movement></consumption>';

/** What a build makes, made by ourselves: each of its writes is one of ours, so that it can be the one that fails. */
export function filesBuilder(host: Host, logger: Logger): SoftwareBuilder {
  const real = createBuildoutBuilder({ commands: host.commands, logger });
  const owned = (user: UserIdentity | undefined): { uid?: number; gid?: number } =>
    user === undefined ? {} : { uid: user.uid, gid: user.gid };
  return {
    prepareSoftware: (options) => real.prepareSoftware(options),
    async buildSoftware({ directory, user }) {
      await using folder = await UntrustedDirectory.open(directory);
      await folder.writeAtomic('instance.cfg', '[buildout]\nparts =\n', { mode: 0o640, ...owned(user) });
      await folder.writeAtomic('.installed.cfg', '[buildout]\n', { mode: 0o640, ...owned(user) });
    },
    async instantiate({ directory, user, profile }) {
      await using folder = await UntrustedDirectory.open(directory);
      await folder.writeAtomic('buildout.cfg', JSON.stringify(profile), { mode: 0o640, ...owned(user) });
      await using etc = await folder.openSubdirectory('etc', { create: true, ...owned(user) });
      await using services = await etc.openSubdirectory('service', { create: true, ...owned(user) });
      await services.writeAtomic('web', '#!/bin/sh\nexec sleep 600\n', { mode: 0o750, ...owned(user) });
      await using reports = await etc.openSubdirectory('report', { create: true, ...owned(user) });
      const script = `#!/bin/sh\nmkdir -p ../../var/xml_report\necho '${CONSUMPTION}' > "$1"\n`;
      await reports.writeAtomic('usage', script, { mode: 0o750, ...owned(user) });
    },
  };
}

/** Runs one phase with everything real but the master, the supervisor and the programs of the build. */
export async function runPhase(
  phase: Phase,
  { softwareRoot, instanceRoot, partitions }: LifecycleOptions,
  { host, logger }: { readonly host: Host; readonly logger: Logger },
): Promise<PhaseEnd> {
  const requestedState = STATES[phase];
  const master = new InMemoryMaster({
    softwareReleases: [{ url: RELEASE_URL, computerId: 'COMP-0', requestedState: 'available' }],
    partitions: Array.from({ length: partitions }, (_, index) =>
      aPartition({
        partitionId: `slappart${String(index)}`,
        softwareReleaseUrl: RELEASE_URL,
        requestedState,
        timestamp: `170000000${String(PHASES.indexOf(phase))}`,
        accessStatus: '#access is ok',
      }),
    ),
  });
  const ports = {
    host,
    logger,
    master,
    supervisor: new MemorySupervisor(),
    builder: filesBuilder(host, logger),
    promises: createPromiseRunner({ host, master, logger }),
  };
  const options = { computerId: 'COMP-0', masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n };
  const result = await (phase === 'install'
    ? runSoftwarePass(options, ports)
    : phase === 'report' || phase === 'remove'
      ? runReportPass(options, ports)
      : runInstancePass(options, ports));
  const errors: readonly { readonly error?: Error | undefined }[] = result.items;
  const sendingError = 'sendingError' in result ? result.sendingError : undefined;
  return { outcome: result.outcome, errors: [...errors, { error: sendingError }].flatMap(({ error }) => error ?? []) };
}
