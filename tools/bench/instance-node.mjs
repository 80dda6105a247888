import { chmod, chown, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  createBuildoutBuilder,
  createPromiseRunner,
  runInstancePass,
  runSoftwarePass,
  softwareReleasePath,
} from '@slapos/grid';
import { aPartition, InMemoryMaster } from '@slapos/grid/testing';
import { createLinuxHost, silentLogger } from '@slapos/host';
import { createSupervisordAdapter } from '@slapos/supervisor';
import { copyRelease, SOFTWARE_TYPE } from './fixture-release.mjs';

/**
 * @import { GridPorts, InstancePassOptions, InstancePassResult, Master } from '@slapos/grid'
 * @import { Supervisor } from '@slapos/supervisor'
 */

export const COMPUTER_ID = 'COMP-BENCH';
const NOBODY = 65_534;
const IS_ROOT = process.geteuid?.() === 0;

/**
 * A node on the disk with deployed, started partitions that have neither services nor promises, and a supervisord that runs.
 * As root they belong to nobody, as real ones belong to an ordinary user.
 *
 * @typedef {object} InstanceNode
 * @property {string} softwareRoot
 * @property {string} instanceRoot
 * @property {Supervisor} supervisor
 * @property {(master: Master, options?: Partial<InstancePassOptions>) => Promise<InstancePassResult>} runInstance
 * @property {() => Promise<void>} dispose
 */

/**
 * @param {{ partitions: number, releaseUrl: string, timestamp: string | ((partitionId: string) => string), supervisorKind?: 'supervisord' | 'embedded' }} options
 * @returns {Promise<InstanceNode>}
 */
export async function makeInstanceNode({ partitions, releaseUrl, timestamp, supervisorKind = 'supervisord' }) {
  const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'gb-')));
  await chmod(directory, 0o755);
  const softwareRoot = path.join(directory, 'soft');
  const instanceRoot = path.join(directory, 'inst');
  await mkdir(softwareRoot, { mode: 0o755 });
  await mkdir(instanceRoot, { mode: 0o755 });
  const release = softwareReleasePath(softwareRoot, releaseUrl);
  await mkdir(release);
  await writeFile(path.join(release, '.completed'), 'Mon Nov 23 05:14:47 2026');
  for (let index = 0; index < partitions; index += 1) {
    const partitionId = `slappart${index}`;
    await deploy(
      path.join(instanceRoot, partitionId),
      release,
      typeof timestamp === 'string' ? timestamp : timestamp(partitionId),
    );
  }
  const host = createLinuxHost();
  const { commands } = host;
  const supervisor = createSupervisordAdapter({ instanceRoot, commands, logger: silentLogger, kind: supervisorKind });
  return {
    softwareRoot,
    instanceRoot,
    supervisor,
    runInstance(master, options = {}) {
      /** @type {GridPorts} */
      const ports = {
        host,
        master,
        supervisor,
        builder: createBuildoutBuilder({ commands, logger: silentLogger }),
        promises: createPromiseRunner({ host, master, logger: silentLogger }),
        logger: silentLogger,
      };
      return runInstancePass(
        { computerId: COMPUTER_ID, masterUrl: 'none', softwareRoot, instanceRoot, minimumFreeBytes: 1n, ...options },
        ports,
      );
    },
    async dispose() {
      await supervisor.shutdown();
      await supervisor[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}

/**
 * What a successful pass leaves of a partition.
 *
 * @param {string} partition
 * @param {string} release
 * @param {string} timestamp
 */
async function deploy(partition, release, timestamp) {
  const folders = [
    partition,
    ...['etc', 'etc/service', 'etc/run', 'etc/promise', 'var'].map((name) => path.join(partition, name)),
  ];
  for (const folder of folders) await mkdir(folder, { mode: 0o750 });
  const files = [path.join(partition, '.timestamp'), path.join(partition, 'buildout.cfg')];
  await writeFile(files[0] ?? '', timestamp, { mode: 0o644 });
  await writeFile(files[1] ?? '', '[buildout]\n', { mode: 0o640 });
  await symlink(release, path.join(partition, 'software_release'));
  if (!IS_ROOT) return;
  for (const entry of [...folders, ...files]) await chown(entry, NOBODY, NOBODY);
}

/**
 * A master that wants all partitions as they are.
 *
 * @param {number} partitions
 * @param {string} releaseUrl
 * @param {string} timestamp
 * @param {string} [softwareType]
 */
export function contentedMaster(partitions, releaseUrl, timestamp, softwareType = 'default') {
  return new InMemoryMaster({
    computerId: COMPUTER_ID,
    partitions: Array.from({ length: partitions }, (_, index) =>
      aPartition({
        computerId: COMPUTER_ID,
        partitionId: `slappart${index}`,
        softwareReleaseUrl: releaseUrl,
        softwareType,
        timestamp,
        accessStatus: '#access is ok',
        instanceParameters: { _: JSON.stringify({ port: 8080 }) },
      }),
    ),
  });
}

/**
 * @param {InstancePassResult} result
 * @param {number} partitions
 */
export function checkUnchanged(result, partitions) {
  const unchanged = result.items.filter(({ outcome }) => outcome === 'unchanged').length;
  if (result.outcome !== 'success' || unchanged !== partitions)
    throw new Error(
      `${unchanged} of ${partitions} partitions were unchanged, and the pass ended with ${result.outcome}`,
    );
}

/**
 * A node whose partitions are deployed from a release that is really built, and a master that can want some of them anew.
 *
 * @param {number} partitions
 */
export async function makeBuildingNode(partitions) {
  const releases = await mkdtemp(path.join(os.tmpdir(), 'gbr-'));
  await chmod(releases, 0o755);
  const releaseUrl = await copyRelease(releases);
  const node = await makeInstanceNode({ partitions, releaseUrl, timestamp: '0' });
  const { softwareRoot, instanceRoot } = node;
  await rm(softwareReleasePath(softwareRoot, releaseUrl), { recursive: true });
  if (IS_ROOT) await chown(softwareRoot, NOBODY, NOBODY);
  const master = contentedMaster(partitions, releaseUrl, '0', SOFTWARE_TYPE);
  master.information = {
    ...master.information,
    softwareReleases: [{ url: releaseUrl, computerId: COMPUTER_ID, requestedState: 'available' }],
  };
  const host = createLinuxHost();
  const builder = createBuildoutBuilder({ commands: host.commands, logger: silentLogger });
  const built = await runSoftwarePass(
    {
      computerId: COMPUTER_ID,
      masterUrl: 'none',
      softwareRoot,
      instanceRoot,
      minimumFreeBytes: 1n,
      allowLocalSoftware: true,
    },
    { host, master, builder, logger: silentLogger },
  );
  await host[Symbol.asyncDispose]();
  if (built.outcome !== 'success') throw new Error(`The release was not built: ${built.items[0]?.error?.message}`);
  let version = 0;
  return {
    node,
    master,
    /** Lets the master want the first so many partitions anew. @param {number} count */
    change(count) {
      version += 1;
      const changed = master.information.partitions.map((partition, index) =>
        index < count ? { ...partition, timestamp: String(version) } : partition,
      );
      master.information = { ...master.information, partitions: changed };
    },
    /** @param {number} count @param {Partial<InstancePassOptions>} [options] */
    async run(count, options) {
      const result = await node.runInstance(master, options);
      const processed = result.items.filter(({ outcome }) => outcome === 'processed').length;
      const error = result.items.find((item) => item.error !== undefined)?.error;
      if (error !== undefined) throw error;
      if (processed !== count) throw new Error(`${processed} partitions were processed, not ${count}`);
    },
    async dispose() {
      await node.dispose();
      await rm(releases, { recursive: true });
    },
  };
}
