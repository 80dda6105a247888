import { join } from 'node:path';

import { marshal } from '@slapos/slap';
import Database from 'better-sqlite3';
import { expect, test } from 'vitest';

import { createProxy, readProxyDatabase, renderProxyShow } from '../src/index.js';
import { failureOf } from './support/failure.js';
import { createOldDatabase } from './support/old-database.js';
import { temporaryFolder } from './support/server-process.js';
import { post } from './support/slap-calls.js';

const COMPUTER = 'COMP-1';
const RELEASE = 'https://sr.example/software.cfg';

async function fill(databasePath: string): Promise<void> {
  await using proxy = await createProxy({ computerId: COMPUTER, databasePath, clock: () => 1_700_000_000_250 });
  const call = (request: Request) => proxy.fetch(request);
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 3 } },
    software: [{ softwareReleaseUrl: RELEASE }],
    instances: [
      { partitionReference: 'web', softwareReleaseUrl: RELEASE },
      { partitionReference: 'even', softwareReleaseUrl: RELEASE, softwareType: 'other' },
      { partitionReference: 'guest', softwareReleaseUrl: RELEASE, shared: true },
    ],
  });
  const publish = (partitionId: string, parameters: Record<string, string>) =>
    post(call, 'http://localhost/setComputerPartitionConnectionXml', {
      computer_id: COMPUTER,
      computer_partition_id: partitionId,
      connection_xml: marshal(parameters),
    });
  await publish('slappart0', { url: 'http://é/', 'ssh-key': `begin${'-'.repeat(60)}end` });
  await publish('slappart1', { _: '{"b": 1.0, "a": ["é"]}' });
}

test('the text is that of the Python command', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'proxy.db');
  await fill(path);
  expect(renderProxyShow('/srv/proxy.db', await readProxyDatabase(path))).toMatchInlineSnapshot(`
    "Using database: /srv/proxy.db
    table computer17
    -------------------------------------
     reference  address      netmask     
    -------------------------------------
       COMP-1  127.0.0.1 255.255.255.255 
    -------------------------------------
     
    table software17
    -----------------------------------------------------------------------------------------------------
                   url               computer_reference requested_state               md5                
    -----------------------------------------------------------------------------------------------------
     https://sr.example/software.cfg       COMP-1          available    068f7c97c6b099bcfdfd0b4d225a59d5 
    -----------------------------------------------------------------------------------------------------
     
    table partition17: skipping xml, connection_xml, slave_instance_list
    ----------------------------------------------------------------------------------------------------------------------------------------------------------
     reference computer_reference slap_state         software_release        software_type partition_reference requested_by requested_state     timestamp     
    ----------------------------------------------------------------------------------------------------------------------------------------------------------
     slappart0       COMP-1          busy    https://sr.example/software.cfg    default            web                          started     1700000000.250002 
     slappart1       COMP-1          busy    https://sr.example/software.cfg     other             even                         started     1700000000.250001 
    ----------------------------------------------------------------------------------------------------------------------------------------------------------
     
    table slave17: skipping connection_xml
    -------------------------------------------------
     reference computer_reference hosted_by asked_by 
    -------------------------------------------------
       _guest        COMP-1       slappart0          
    -------------------------------------------------
     
    slappart0: web (type default)
        ssh-key = begin---------------...-----------------end
        url = http://é/
    slappart1: even (type other)
        _ = {
      "a": [
        "\\u00e9"
      ],
      "b": 1.0
    }
     
    slappart0: 127.0.0.1, ::1
    slappart1: 127.0.0.1, ::1"
  `);
});

test('one section, or several in the usual order', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'proxy.db');
  await fill(path);
  const content = await readProxyDatabase(path);
  expect(renderProxyShow('/srv/proxy.db', content, ['network'])).toBe(
    'Using database: /srv/proxy.db\nslappart0: 127.0.0.1, ::1\nslappart1: 127.0.0.1, ::1',
  );
  const both = renderProxyShow('/srv/proxy.db', content, ['network', 'computers']).split('\n \n');
  expect(both.map((part) => part.includes('table computer17'))).toEqual([true, false]);
});

test('what nodes reported comes last', async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, 'proxy.db');
  await fill(path);
  {
    await using proxy = await createProxy({ computerId: COMPUTER, databasePath: path });
    const key = { computer_id: COMPUTER, computer_partition_id: 'slappart0' };
    await post((call) => proxy.fetch(call), 'http://localhost/softwareInstanceError', {
      ...key,
      error_log: '\u001b[31mno\nroom',
    });
    // Read while the proxy has the file open.
    expect(renderProxyShow(path, await readProxyDatabase(path))).toMatch(
      /table node_report17\n-+\n.*\n-+\n +COMP-1 +slappart0 +error +\ufffd\[31mno room/,
    );
  }
});

test('a database that is not there, or was not opened by this version, is told', async () => {
  using folder = temporaryFolder();
  const codeOf = async (path: string) => (await failureOf(readProxyDatabase(path))).code;
  const old = join(folder.path, 'old.db');
  createOldDatabase(old, 16);
  const empty = join(folder.path, 'empty.db');
  new Database(empty).close();
  expect([await codeOf(join(folder.path, 'absent.db')), await codeOf(old), await codeOf(empty)]).toEqual([
    'PROXY_NOT_FOUND',
    'PROXY_DATABASE_NOT_MIGRATED',
    'PROXY_DATABASE_NOT_MIGRATED',
  ]);
});
