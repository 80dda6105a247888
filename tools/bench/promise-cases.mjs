import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { createLinuxHost, LinuxUserDatabase, silentLogger } from '@slapos/host';
import { runPromises } from '@slapos/promise';

const PROMISES = 1000;
const TIMEOUT_SECONDS = 20;

const EXECUTABLE = '#!/bin/sh\nexit 0\n';
const DECLARATIVE = JSON.stringify({ check: 'file', path: 'etc' });
const JAVASCRIPT = `import { GenericPromise } from '@slapos/promise';
export class RunPromise extends GenericPromise {
  sense() { this.logger.info('fine'); }
}
`;
const PYTHON = `from zope.interface import implementer
from slapos.grid.promise import interface
from slapos.grid.promise.generic import GenericPromise

@implementer(interface.IPromise)
class RunPromise(GenericPromise):
  def sense(self):
    self.logger.info('fine')
`;

/** The files of each kind: label, folder, extension, text. */
const KINDS = {
  executable: [['executables', 'promise', '', EXECUTABLE]],
  javascript: [
    ['JavaScript', 'plugin', '.mjs', JAVASCRIPT],
    ['declarative', 'plugin', '.json', DECLARATIVE],
  ],
  python: [['Python', 'plugin', '.py', PYTHON]],
};

/**
 * A partition with 1,000 promises of one kind for each case, and one forced pass over them as what is timed; as root they run as
 * another user.
 *
 * @param {keyof typeof KINDS} kind
 * @param {{ goalMsEach: number }} options
 * @returns {ReturnType<import('./measure.mjs').Benchmark['prepare']>}
 */
export async function preparePromises(kind, { goalMsEach }) {
  const host = createLinuxHost({ environment: process.env });
  const user = host.isRoot ? await new LinuxUserDatabase().byName('nobody') : undefined;
  const root = mkdtempSync(path.join(tmpdir(), 'promise-bench-'));
  chmodSync(root, 0o755);
  /** @param {number} medianMs */
  const figures = (medianMs) => ({ msPerPromise: Math.round((medianMs / PROMISES) * 1e3) / 1e3 });
  const cases = KINDS[kind].map(([label = '', folder = '', extension = '', text = '']) => {
    const partitionPath = path.join(root, label);
    mkdirSync(path.join(partitionPath, 'etc', folder), { recursive: true });
    for (let index = 0; index < PROMISES; index += 1) {
      writeFileSync(path.join(partitionPath, 'etc', folder, `check_${index}${extension}`), text, { mode: 0o755 });
    }
    return {
      label,
      sizes: { promises: PROMISES },
      goalMs: goalMsEach * PROMISES,
      figures,
      async run() {
        const report = await runPromises(
          {
            partitionPath,
            partitionId: 'slappart0',
            computerId: 'COMP-1',
            ...(user === undefined ? {} : { user }),
            timeoutSeconds: TIMEOUT_SECONDS,
            force: true,
            checkAnomaly: false,
          },
          { host, logger: silentLogger },
        );
        if (report.results.length !== PROMISES || report.firstFailure !== undefined) {
          throw new Error(`Not all promises passed: ${JSON.stringify(report.firstFailure)}`);
        }
      },
    };
  });
  if (user !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, root]);
  return {
    cases,
    async dispose() {
      rmSync(root, { recursive: true, force: true });
      await host[Symbol.asyncDispose]();
    },
  };
}
