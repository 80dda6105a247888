import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { isSlapOSError, UntrustedDirectory } from '../../src/index.js';
import { makeTenants, type Tenants } from '../support/tenants.js';

/** The files that root touches in a partition. (spec: grid 8.1) */
const PATHS = [
  'buildout.cfg',
  '.timestamp',
  '.slapgrid-slappart0-error.log',
  'instance.log',
  '.slapos-report-wait-service-list',
  '.slapos_latest_bang_timestamp',
  '.slapgrid-md5sum',
  'software_release',
  '.slapos-retention-lock-delay',
  '.slapos-retention-lock-date',
  '.slapos-firewalld-rules',
  '.slapos-request-transaction-slappart0',
  '.slapos-disk-permission',
  '.slapos-port-redirect',
  '.slapos-resource',
  '.slapgrid',
  'promise.result.json',
  '.installed.cfg',
] as const;

const KINDS = ['link', 'dangling link', 'hard link', 'fifo', 'device', 'folder'] as const;

let tenants: Tenants;
beforeAll(() => {
  tenants = makeTenants(1, 'plant');
});
afterAll(() => tenants[Symbol.dispose]());

const entry = (name: string): string => path.join(tenants.folder(0), name);

/** Made by root in the tenant's folder, because a tenant cannot make devices, nor hard links where the kernel forbids them. */
function plant(name: string, kind: (typeof KINDS)[number]): void {
  const { canary } = tenants;
  switch (kind) {
    case 'link':
      fs.symlinkSync(canary.file, entry(name));
      break;
    case 'dangling link':
      fs.symlinkSync(path.join(canary.directory, 'made-through-a-link'), entry(name));
      break;
    case 'hard link':
      fs.linkSync(canary.file, entry(name));
      break;
    case 'fifo':
      execFileSync('mkfifo', [entry(name)]);
      break;
    case 'device':
      execFileSync('mknod', [entry(name), 'c', '1', '5']);
      break;
    case 'folder':
      fs.mkdirSync(entry(name));
      fs.symlinkSync(canary.directory, path.join(entry(name), 'link'));
      break;
  }
}

const OPERATIONS: Readonly<Record<string, (directory: UntrustedDirectory, name: string) => Promise<unknown>>> = {
  readText: (directory, name) => directory.readText(name, { singleLink: true }),
  readLink: (directory, name) => directory.readLink(name),
  stat: (directory, name) => directory.stat(name),
  appendLine: (directory, name) => directory.appendLine(name, 'text', { uid: tenants.users[0]!.uid }),
  setAttributes: (directory, name) => directory.setAttributes(name, { uid: tenants.users[0]!.uid, mode: 0o777 }),
  changeTreeOwner: (directory, name) =>
    directory.changeTreeOwner(name, { uid: tenants.users[0]!.uid, gid: tenants.users[0]!.gid }),
  openSubdirectory: async (directory, name) => {
    const { uid, gid } = tenants.users[0]!;
    await using sub = await directory.openSubdirectory(name, { create: true, uid, gid });
    await sub.writeAtomic('inside', 'text', { uid, gid });
  },
  writeAtomicIfDifferent: (directory, name) => directory.writeAtomicIfDifferent(name, tenants.canary.content),
  writeAtomic: (directory, name) => directory.writeAtomic(name, 'text', { uid: tenants.users[0]!.uid, mode: 0o644 }),
  rotate: (directory, name) => directory.rotate(name, 2),
  symlink: (directory, name) => directory.symlink(name, '/somewhere', { uid: tenants.users[0]!.uid }),
  remove: (directory, name) => directory.remove(name),
  removeTree: (directory, name) => directory.removeTree(name),
};

afterEach(() => {
  for (const name of fs.readdirSync(tenants.folder(0))) {
    // A hard link is another name of the canary: removing it must not count as touching.
    fs.rmSync(entry(name), { recursive: true, force: true });
  }
  tenants.canary.assertUntouched();
});

describe.each(PATHS)('%s', (name) => {
  test.each(KINDS)('replaced by a %s', async (kind) => {
    await using directory = await UntrustedDirectory.open(tenants.folder(0), { expectedUid: tenants.users[0]!.uid });
    for (const [operation, run] of Object.entries(OPERATIONS)) {
      plant(name, kind);
      let outcome: unknown;
      try {
        outcome = await run(directory, name);
      } catch (error) {
        // Whatever is wrong is said with a code and the path.
        expect(isSlapOSError(error), `${operation}: ${String(error)}`).toBe(true);
        expect(String(error)).toContain(entry(name));
      }
      // Nothing of root's file came out. A link shows where it leads, not what is there.
      expect(String(outcome)).not.toContain(tenants.canary.content);
      for (const left of fs.readdirSync(tenants.folder(0))) fs.rmSync(entry(left), { recursive: true, force: true });
      tenants.canary.assertUntouched();
    }
  });
});
