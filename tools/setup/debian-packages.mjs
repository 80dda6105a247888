import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';

import { runWithProgress } from './progress.mjs';
import { explainMissing, findMissing } from './requirements.mjs';

/** @import { Requirement } from './requirements.mjs' */

/** Debian asks this program before it starts a service that has just been installed; 101 means "do not". */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const FORBID_STARTING = '#!/bin/sh\n# Written by the set-up of SlapOS for the time of one apt-get install.\nexit 101\n';

/** Something that the person at the keyboard must do before the set-up can go on; the message says what. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
  }
}

/**
 * Makes sure that the requirements are met: as root it installs what is missing, otherwise it says what to install.
 * Idempotent: it asks apt for nothing when everything works already.
 * @param {readonly Requirement[]} requirements
 * @throws {SetupError} when an ordinary user must install something, or when apt did not help
 */
export async function ensureDebianPackages(requirements) {
  const missing = await findMissing(requirements);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw new SetupError(explainMissing(missing));

  console.log('These Debian packages are missing:');
  for (const { debianPackage, why } of missing) console.log(`  ${debianPackage} – ${why}`);
  const names = missing.map(({ debianPackage }) => debianPackage);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await runWithProgress('Updating the list of Debian packages', 'apt-get', ['update', '-qq'], { env });
    await withoutStartingServices(() =>
      runWithProgress('Installing them', 'apt-get', ['install', '-qq', '--yes', '--no-install-recommends', ...names], {
        env,
      }),
    );
  } catch (error) {
    throw new SetupError(`${error instanceof Error ? error.message : String(error)}\n\n${explainMissing(missing)}`);
  }

  const stillMissing = await findMissing(missing);
  if (stillMissing.length > 0) {
    throw new SetupError(`apt-get succeeded, yet something still does not work.\n\n${explainMissing(stillMissing)}`);
  }
}

/**
 * Runs an installation during which Debian starts no service. The supervisor package would start a supervisord of its own: SlapOS
 * starts one for itself, and where there is no init system (a container, a CI machine) starting it could fail the installation.
 * A policy that the machine has already is left alone.
 * @param {() => Promise<unknown>} install
 */
async function withoutStartingServices(install) {
  if (existsSync(POLICY_FILE)) {
    await install();
    return;
  }
  const removePolicy = () => rmSync(POLICY_FILE, { force: true });
  const removePolicyAndStop = () => {
    removePolicy();
    process.exit(130);
  };
  writeFileSync(POLICY_FILE, FORBID_STARTING);
  chmodSync(POLICY_FILE, 0o755);
  process.once('SIGINT', removePolicyAndStop).once('SIGTERM', removePolicyAndStop);
  try {
    await install();
  } finally {
    removePolicy();
    process.off('SIGINT', removePolicyAndStop).off('SIGTERM', removePolicyAndStop);
  }
}
