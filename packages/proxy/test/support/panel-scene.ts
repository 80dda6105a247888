import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { marshal } from '@slapos/slap';

import { createProxy, type Proxy, type ProxyOptions } from '../../src/index.js';
import { post, requestForm } from './slap-calls.js';

export const COMPUTER = 'COMP-1';
export const ERP5 = 'https://sr.example/software/erp5/software.cfg';
/** What a browser must show as it is, and never obey. */
export const HOSTILE = '<img src=x onerror="alert(1)">';

const SCHEMA = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['domain'],
  additionalProperties: false,
  properties: {
    domain: { title: 'Domain name', description: 'Under which it is reached', type: 'string' },
    port: {
      title: 'Port',
      type: 'integer',
      minimum: 1,
      maximum: 65_535,
      default: 8080,
      description: 'Where it listens',
    },
    https: { title: 'Use https', type: 'boolean', default: true },
    level: { $ref: '#/$defs/level' },
    aliases: { title: 'Other names', type: 'array', items: { type: 'string' }, uniqueItems: true },
    cache: { title: 'Cache', type: 'object', properties: { size: { type: 'integer', title: 'Size in MB' } } },
    rewrite: { title: 'Rewrite rules', type: 'object', additionalProperties: { type: 'string' } },
  },
  $defs: { level: { title: 'Log level', enum: ['debug', 'info', 'error'], default: 'info' } },
};

/** A master with trees in every state, and a release whose parameters are described. */
export interface Scene extends AsyncDisposable {
  readonly proxy: Proxy;
  /** The release with a description. */
  readonly release: string;
  /** Says something as a node or an instance. */
  tell(path: string, fields: Record<string, string>): Promise<void>;
}

/** A partition of the computer, as forms name it. */
export const partition = (number: number) => ({
  computer_id: COMPUTER,
  computer_partition_id: `slappart${number}`,
});

export async function openScene(folder: string, options: ProxyOptions = {}): Promise<Scene> {
  const release = writeRelease(join(folder, 'software', 'web'));
  const proxy = await createProxy({ computerId: COMPUTER, ...options });
  const tell = async (path: string, fields: Record<string, string>) => {
    const { status, body } = await post((call) => proxy.fetch(call), `http://localhost${path}`, fields);
    if (status !== 200) throw new Error(`${path}: ${status} ${body}`);
  };
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 20, ipv4: '10.0.12.3', ipv6: '2001:db8::12' }, 'COMP-2': { partitions: 5 } },
    software: [
      { softwareReleaseUrl: release },
      { softwareReleaseUrl: ERP5 },
      { softwareReleaseUrl: ERP5, computerId: 'COMP-2' },
    ],
    instances: [
      {
        partitionReference: 'shop',
        softwareReleaseUrl: ERP5,
        parameters: { _: JSON.stringify({ 'zope-count': 4, family: { web: { port: 2200 } }, timezone: HOSTILE }) },
      },
      { partitionReference: HOSTILE, softwareReleaseUrl: release, parameters: { _: '{"domain":"lab.example"}' } },
      { partitionReference: 'old', softwareReleaseUrl: release, requestedState: 'stopped' },
      { partitionReference: 'guest-site', softwareReleaseUrl: release, shared: true },
    ],
  });
  for (const name of ['mariadb', 'zope-1', 'zope-2', 'balancer']) {
    const requester = { computerId: COMPUTER, partitionId: 'slappart0' };
    await tell('/requestComputerPartition', requestForm(name, { requester, softwareReleaseUrl: ERP5 }));
  }
  for (const number of [0, 1, 3, 4, 6]) await tell('/startedComputerPartition', partition(number));
  await tell('/stoppedComputerPartition', partition(2));
  await tell('/softwareInstanceError', {
    ...partition(5),
    error_log: `Promise 'zope-http.py' failed\nERROR http://10.0.12.3:2200/ is not available ${HOSTILE}`,
  });
  await tell('/setComputerPartitionConnectionXml', {
    ...partition(0),
    connection_xml: marshal({ _: JSON.stringify({ 'site-url': 'https://[2001:db8::12]:4443/', login: HOSTILE }) }),
  });
  await tell('/availableSoftwareRelease', { url: release, computer_id: COMPUTER });
  await tell('/buildingSoftwareRelease', { url: ERP5, computer_id: COMPUTER });
  await tell('/softwareReleaseError', { url: ERP5, computer_id: 'COMP-2', error_log: 'While:\n  Installing gcc.' });
  return { proxy, release, tell, [Symbol.asyncDispose]: () => proxy.close() };
}

function writeRelease(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const write = (name: string, content: object) => writeFileSync(join(folder, name), JSON.stringify(content));
  writeFileSync(join(folder, 'software.cfg'), '[buildout]\n');
  write('software.cfg.json', {
    name: 'web',
    serialisation: 'json-in-xml',
    'software-type': {
      default: { title: 'Web server', description: 'One page on one port', request: 'parameters.json' },
      guest: { title: 'A site', shared: true, 'software-type': 'default', request: 'parameters.json' },
      elsewhere: { title: 'Elsewhere', request: '../../secret.json' },
    },
  });
  write('parameters.json', SCHEMA);
  // Beyond the folder of the release.
  writeFileSync(join(folder, '..', '..', 'secret.json'), '{"secret": true}');
  return join(folder, 'software.cfg');
}
