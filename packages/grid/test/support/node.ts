import { chmod, chown, cp, lchown, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { createLinuxHost, type UserEntry } from '@slapos/host';

export const FIXTURES = fileURLToPath(new URL('../fixtures', import.meta.url));
const RELEASES = ['common', 'eggs', 'hello-web', 'broken-build', 'several-types', 'slow-stop'];

/** The users that `test/support/users.ts` makes for runs as root. */
export const SOFTWARE_USER = 'slapgridtsoft';
export const PARTITION_USERS = ['slapgridtuser0', 'slapgridtuser1'] as const;

export const isRoot = process.geteuid?.() === 0;

/** A node's folders in a temporary place, owned as `slapos node format` would have it. */
export interface TemporaryNode extends AsyncDisposable {
  readonly directory: string;
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  readonly certificateRepositoryPath: string;
  /** Where the fixture releases are, readable by everybody. */
  readonly releases: string;
  /** As root: the owner of the software root. */
  readonly softwareUser: UserEntry | undefined;
  /** As root: the owner of a partition. */
  partitionUser(partitionId: string): UserEntry | undefined;
  /** The URL of a fixture release. */
  releaseUrl(name: string): string;
  partition(partitionId: string): string;
  /** Makes a partition's folder. */
  addPartition(partitionId: string): Promise<string>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

async function fillIn(directory: string, root: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) await fillIn(file, root);
    else if (entry.name.endsWith('.cfg')) {
      await writeFile(file, (await readFile(file, 'utf8')).replaceAll('@FIXTURE_ROOT@', root));
    }
  }
}

async function chownTree(directory: string, uid: number, gid: number): Promise<void> {
  await lchown(directory, uid, gid);
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) await chownTree(file, uid, gid);
    else await lchown(file, uid, gid);
  }
}

/** Makes a node below a new short folder (socket paths are limited); `owner` owns all of it when it is to run unprivileged. */
export async function temporaryNode(owner?: { uid: number; gid: number }): Promise<TemporaryNode> {
  const host = createLinuxHost();
  const asRoot = isRoot && owner === undefined;
  const softwareUser = asRoot ? await host.users.byName(SOFTWARE_USER) : undefined;
  const users = asRoot ? await Promise.all(PARTITION_USERS.map((name) => host.users.byName(name))) : [];
  const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'sg-')));
  const softwareRoot = path.join(directory, 'soft');
  const instanceRoot = path.join(directory, 'inst');
  const certificateRepositoryPath = path.join(directory, 'pki');
  const releases = path.join(directory, 'releases');
  await chmod(directory, 0o755);
  for (const folder of [softwareRoot, instanceRoot]) await mkdir(folder, { mode: 0o755 });
  await mkdir(certificateRepositoryPath, { mode: 0o711 });
  await mkdir(releases, { mode: 0o755 });
  for (const name of RELEASES)
    await cp(path.join(FIXTURES, 'releases', name), path.join(releases, name), { recursive: true });
  await fillIn(releases, releases);
  // Tests run beside each other: each node has a port of its own.
  const profile = path.join(releases, 'hello-web/instance.cfg.in');
  await writeFile(
    profile,
    (await readFile(profile, 'utf8')).replace('default.port = 18080', `default.port = ${await freePort()}`),
  );
  if (softwareUser !== undefined) await chown(softwareRoot, softwareUser.uid, softwareUser.gid);
  if (owner !== undefined) await chownTree(directory, owner.uid, owner.gid);
  const partitionUser = (partitionId: string): UserEntry | undefined =>
    users[Number(/\d+$/.exec(partitionId)?.[0] ?? 0) % PARTITION_USERS.length];
  const partition = (partitionId: string): string => path.join(instanceRoot, partitionId);
  return {
    directory,
    softwareRoot,
    instanceRoot,
    certificateRepositoryPath,
    releases,
    softwareUser,
    partitionUser,
    releaseUrl: (name) => path.join(releases, name, 'software.cfg'),
    partition,
    async addPartition(partitionId) {
      const folder = partition(partitionId);
      await mkdir(folder);
      const user = owner ?? partitionUser(partitionId);
      if (user !== undefined) await chown(folder, user.uid, user.gid);
      await chmod(folder, 0o750);
      return folder;
    },
    async [Symbol.asyncDispose]() {
      await rm(directory, { recursive: true, force: true });
    },
  };
}
