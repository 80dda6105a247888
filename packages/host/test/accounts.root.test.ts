import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

import { afterAll } from 'vitest';

import { LinuxAccounts, LinuxCommandRunner, LinuxUserDatabase } from '../src/index.js';
import { describeAccounts } from './contracts/accounts-contract.js';
import { requireRoot } from './support/root.js';

const commands = new LinuxCommandRunner({ users: new LinuxUserDatabase() });
afterAll(() => commands[Symbol.asyncDispose]());

describeAccounts('Linux, for real', async () => {
  requireRoot('Making users');
  const prefix = `sla${String(process.pid)}`;
  return {
    accounts: new LinuxAccounts(commands),
    prefix,
    async [Symbol.asyncDispose]() {
      const names = (file: string): string[] =>
        fs
          .readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line) => (line.startsWith(prefix) ? [line.split(':')[0] ?? ''] : []));
      for (const name of names('/etc/passwd')) execFileSync('userdel', [name], { stdio: 'ignore' });
      for (const name of names('/etc/group')) execFileSync('groupdel', [name], { stdio: 'ignore' });
    },
  };
});
