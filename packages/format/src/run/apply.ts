import fs from 'node:fs/promises';
import path from 'node:path';
import { UntrustedDirectory, writeFileAtomically } from '@slapos/host';
import { archiveFormerState } from '../computer/state-archive.js';
import type { FormatPorts } from './format-computer.js';
import type { FormatAction, FormatActions, Owner } from './plan.js';
import { RESOURCE_FILE } from './plan.js';

const PARENT_MODE = 0o755;
const RESOURCE_MODE = 0o644;
const STATE_MODE = 0o644;

type Executors = {
  readonly [Kind in Exclude<keyof FormatActions, 'send' | 'account' | 'network'>]: (
    action: FormatActions[Kind],
  ) => Promise<void>;
};

/** Carries out what is to be done to files; users, network and sending are not its business. Each can be repeated: a run that was killed is healed by the next. */
export async function applyFormat(actions: readonly FormatAction[], ports: FormatPorts): Promise<void> {
  const executors: Executors = {
    makeFolder: ({ path: folder, mode, owner }) => makeFolder(folder, mode, owner),
    changeOwner: async ({ path: folder, owner }) => {
      await using directory = await UntrustedDirectory.open(folder);
      await directory.setOwnAttributes(owner);
    },
    changeMode: async ({ path: folder, mode }) => {
      await using directory = await UntrustedDirectory.open(folder);
      await directory.setOwnAttributes({ mode });
    },
    writeResource: async ({ partitionPath, content }) => {
      await using directory = await UntrustedDirectory.open(partitionPath);
      await directory.writeAtomic(RESOURCE_FILE, content, { mode: RESOURCE_MODE });
    },
    writeFile: async ({ path: file, content }) => {
      await makeFolder(path.dirname(file), PARENT_MODE, undefined);
      await writeFileAtomically(file, content, { mode: STATE_MODE });
    },
    writeState: async ({ path: file, content, former }) => {
      await makeFolder(path.dirname(file), PARENT_MODE, undefined);
      if (former !== undefined) await archive(file, former, ports);
      await writeFileAtomically(file, content, { mode: STATE_MODE });
    },
  };
  for (const action of actions) {
    if (action.kind === 'send' || action.kind === 'account' || action.kind === 'network') continue;
    ports.logger.debug('Formatting', {
      action: action.kind,
      path: 'path' in action ? action.path : action.partitionPath,
      reason: action.reason,
    });
    // The map's keys and the union come from one type, which the compiler cannot see through an index.
    const execute = executors[action.kind] as (action: FormatAction) => Promise<void>;
    await execute(action);
    ports.onDone?.(action);
  }
}

/** Makes a folder, and its missing parents with mode 0755, as ours. One that is there is left as it is. */
export async function makeFolder(folder: string, mode: number, owner: Owner | undefined): Promise<void> {
  const missing: string[] = [];
  let existing = folder;
  while (!(await isThere(existing))) {
    missing.unshift(path.basename(existing));
    existing = path.dirname(existing);
  }
  if (missing.length === 0) return;
  let parent = await UntrustedDirectory.open(await fs.realpath(existing));
  try {
    for (const [index, name] of missing.entries()) {
      const last = index === missing.length - 1;
      const next = await parent.openSubdirectory(name, {
        create: true,
        mode: last ? mode : PARENT_MODE,
        ...(last ? owner : undefined),
      });
      await parent[Symbol.asyncDispose]();
      parent = next;
    }
  } finally {
    await parent[Symbol.asyncDispose]();
  }
}

async function isThere(file: string): Promise<boolean> {
  return fs.stat(file).then(
    () => true,
    () => false,
  );
}

/** Adds the former document to the archive; a failure is logged only, since formatting is worth more than its history. */
async function archive(file: string, former: string, ports: FormatPorts): Promise<void> {
  const archiveFile = `${file}.zip`;
  try {
    const bytes = await fs.readFile(archiveFile).catch(() => undefined);
    const update = archiveFormerState(file, former, bytes, new Date(ports.host.clock.now()));
    if (update.kind === 'replace-broken' && bytes !== undefined) {
      ports.logger.warn('The archive of former computer documents is broken: it is moved aside', {
        archive: archiveFile,
        movedTo: update.brokenName,
      });
      await writeFileAtomically(path.join(path.dirname(file), update.brokenName), bytes, { mode: STATE_MODE });
    }
    await writeFileAtomically(archiveFile, update.archive, { mode: STATE_MODE });
  } catch (error) {
    ports.logger.error('Cannot archive the former computer document', { archive: archiveFile, error });
  }
}
