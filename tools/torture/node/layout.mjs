import path from 'node:path';

export const COMPUTER_ID = 'COMP-TORTURE';

/**
 * The files of a tortured node. What the node itself writes lies below `disk`, which may be a small disk of its own.
 *
 * @typedef {ReturnType<typeof layoutIn>} Layout
 */

/** @param {string} directory */
export function layoutIn(directory) {
  const disk = path.join(directory, 'disk');
  return {
    directory,
    disk,
    softwareRoot: path.join(disk, 'soft'),
    instanceRoot: path.join(disk, 'inst'),
    database: path.join(disk, 'proxy.db'),
    /** For temporary files of the agent. */
    temporary: path.join(disk, 'tmp'),
    ballast: path.join(disk, 'ballast'),
    configuration: path.join(directory, 'slapos.cfg'),
    definition: path.join(directory, 'partitions.cfg'),
    buildout: path.join(directory, 'bin/buildout'),
    release: path.join(directory, 'bin/release.mjs'),
    /** What nobody may change: the targets of the links that hostile owners make. */
    canary: path.join(directory, 'canary'),
    /** One empty file for each usage report that was made. */
    usage: path.join(directory, 'usage'),
    /** A line for each fault that has hit an agent. */
    strikes: path.join(directory, 'strikes'),
    agentLog: path.join(directory, 'agent.log'),
    proxyLog: path.join(directory, 'proxy.log'),
    supervisorPid: path.join(disk, 'inst/var/run/supervisord.pid'),
  };
}

/** @param {number} index */
export const partitionId = (index) => `slappart${index}`;

/** @param {string} name */
export const releaseUrl = (name) => `https://torture.example/${name}/software.cfg`;
