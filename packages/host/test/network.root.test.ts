import { execFileSync } from 'node:child_process';

import { afterAll } from 'vitest';

import { LinuxCommandRunner, LinuxNetwork, LinuxUserDatabase } from '../src/index.js';
import { describeNetwork } from './contracts/network-contract.js';
import { requireRoot } from './support/root.js';

const NOBODY = 65534;
const users = new LinuxUserDatabase();
const commands = new LinuxCommandRunner({ users });
afterAll(() => commands[Symbol.asyncDispose]());

let namespaces = 0;
describeNetwork('Linux, in a namespace of its own', async () => {
  requireRoot('Network namespaces');
  namespaces += 1;
  const namespace = `slapos-host-${String(process.pid)}-${String(namespaces)}`;
  execFileSync('ip', ['netns', 'add', namespace]);
  execFileSync('ip', ['-netns', namespace, 'link', 'set', 'lo', 'up']);
  return {
    network: new LinuxNetwork({ commands, users, namespace }),
    ownerUid: NOBODY,
    async [Symbol.asyncDispose]() {
      execFileSync('ip', ['netns', 'delete', namespace]);
    },
  };
});
