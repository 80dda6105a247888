// What a machine must have besides Node.js, and how we know that it is there: by trying it, since what matters is that it works.
import { existsSync } from 'node:fs';

import { runCaptured } from './progress.mjs';

/**
 * Debian's buildout and supervisor are installed for this interpreter, whatever `python3` means in the PATH (pyenv, conda, …).
 */
const SYSTEM_PYTHON = '/usr/bin/python3';

/** zc.buildout 2.13.2 takes names from `collections` that Python 3.10 removed; the agent puts them back in the same way. */
const RESTORE_COLLECTIONS =
  'import collections, collections.abc\n' +
  "for name in ('MutableMapping', 'Mapping'):\n" +
  '    if not hasattr(collections, name): setattr(collections, name, getattr(collections.abc, name))\n';

/**
 * @typedef {object} Requirement
 * @property {string} debianPackage
 * @property {string} why one clause that ends the sentence "… is needed"
 * @property {() => Promise<boolean>} isUsable
 */

/** @type {readonly Requirement[]} */
export const REQUIREMENTS = [
  {
    debianPackage: 'python3',
    why: 'to run buildout and supervisord',
    isUsable: () => succeeds(systemPython(), ['--version']),
  },
  {
    debianPackage: 'python3-zc.buildout',
    why: 'to build Software Releases',
    isUsable: async () =>
      (await succeeds(systemPython(), ['-c', `${RESTORE_COLLECTIONS}import zc.buildout.buildout`])) ||
      (await succeeds('buildout', ['--version'])),
  },
  {
    debianPackage: 'python3-setuptools',
    why: 'because buildout loads its recipes with it',
    isUsable: async () =>
      (await succeeds(systemPython(), ['-c', 'import setuptools, pkg_resources'])) ||
      (await succeeds('buildout', ['--version'])),
  },
  {
    debianPackage: 'supervisor',
    why: 'to keep the services of instances running',
    isUsable: () => succeeds('supervisord', ['--version']),
  },
  {
    debianPackage: 'iproute2',
    why: 'to read and set network addresses (the ip command)',
    isUsable: () => succeeds('ip', ['-V']),
  },
  {
    debianPackage: 'util-linux',
    why: 'to run commands as the user of a partition (the setpriv command)',
    isUsable: () => succeeds('setpriv', ['--version']),
  },
];

/** What the tests need beside that: they play people and other programs. @type {readonly Requirement[]} */
export const TEST_REQUIREMENTS = [
  {
    debianPackage: 'chromium',
    why: 'to look at the panel of the mini-master as people do',
    isUsable: () => succeeds('chromium', ['--version']),
  },
  {
    debianPackage: 'curl',
    why: 'to type what the documentation says',
    isUsable: () => succeeds('curl', ['--version']),
  },
  {
    debianPackage: 'faketime',
    why: 'to test cron entries of instances at another time',
    isUsable: () => succeeds('faketime', ['--version']),
  },
  {
    debianPackage: 'gcc',
    why: 'to compile probes that try to get their rights back',
    isUsable: () => succeeds('gcc', ['--version']),
  },
  {
    debianPackage: 'libc6-dev',
    why: 'to compile probes that try to get their rights back',
    isUsable: async () => existsSync('/usr/include/stdio.h'),
  },
  {
    debianPackage: 'libxml2-utils',
    why: 'to judge documents by published schemas (the xmllint command)',
    isUsable: () => succeeds('xmllint', ['--version']),
  },
  {
    debianPackage: 'man-db',
    why: 'to read the man pages as people do',
    isUsable: () => succeeds('man', ['--version']),
  },
  {
    debianPackage: 'openssl',
    why: 'to make certificates that are wrong in every way',
    isUsable: () => succeeds('openssl', ['version']),
  },
  {
    debianPackage: 'postgresql',
    why: 'to test a mini-master that several processes share',
    isUsable: async () => existsSync('/usr/lib/postgresql'),
  },
  {
    debianPackage: 'procps',
    why: 'to compare what was measured with what ps says',
    isUsable: () => succeeds('ps', ['--version']),
  },
];

/** What compiling better-sqlite3 takes, where its author publishes no ready-made binary. @type {readonly Requirement[]} */
export const COMPILER_REQUIREMENTS = [
  {
    debianPackage: 'make',
    why: 'to compile better-sqlite3, which has no ready-made binary for this machine',
    isUsable: () => succeeds('make', ['--version']),
  },
  {
    debianPackage: 'g++',
    why: 'to compile better-sqlite3, which has no ready-made binary for this machine',
    isUsable: () => succeeds('g++', ['--version']),
  },
];

/**
 * Which of the requirements this machine does not meet.
 * @param {readonly Requirement[]} requirements
 * @returns {Promise<Requirement[]>}
 */
export async function findMissing(requirements) {
  const usable = await Promise.all(requirements.map((requirement) => requirement.isUsable()));
  return requirements.filter((_requirement, index) => !usable[index]);
}

/**
 * What an ordinary user must be told: each package with its reason, and the one line to type.
 * @param {readonly Pick<Requirement, 'debianPackage' | 'why'>[]} missing
 */
export function explainMissing(missing) {
  const names = missing.map(({ debianPackage }) => debianPackage);
  return [
    'This machine lacks what SlapOS needs:',
    '',
    ...missing.map(({ debianPackage, why }) => `  ${debianPackage} – ${why}`),
    '',
    'Install it, then run the same command again:',
    '',
    `  sudo apt-get install --no-install-recommends ${names.join(' ')}`,
  ].join('\n');
}

function systemPython() {
  return existsSync(SYSTEM_PYTHON) ? SYSTEM_PYTHON : 'python3';
}

/**
 * @param {string} file
 * @param {readonly string[]} args
 */
async function succeeds(file, args) {
  // An ordinary user of Debian has no sbin in the PATH, where some of these commands are.
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin` };
  return runCaptured(file, args, { env }).then(
    () => true,
    () => false,
  );
}
