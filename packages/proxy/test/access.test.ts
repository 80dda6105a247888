import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { marshal, SlapClient, unmarshal } from '@slapos/slap';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type CertificatePair, createProxy, type Proxy } from '../src/index.js';
import type { PanelOverview } from '../src/panel/panel-documents.js';
import { bundleProgram, temporaryFolder } from './support/server-process.js';
import { formatForm, post, requestForm } from './support/slap-calls.js';

const COMPUTER = 'COMP-1';
const OTHER_COMPUTER = 'COMP-2';
const RELEASE = 'https://sr.example/software.cfg';

interface Credentials {
  readonly pair?: CertificatePair;
  readonly token?: string;
}

let proxy: Proxy;
let url: string;
let authority: string;
let panelFolder: ReturnType<typeof temporaryFolder>;
const who: Record<'nobody' | 'user' | 'token' | 'computer' | 'root' | 'child' | 'stranger', Credentials> = {} as never;

const inProcess = (call: Request) => proxy.fetch(call);

async function certificateOf(path: string, body: Record<string, string> | undefined): Promise<CertificatePair> {
  const answer =
    body === undefined
      ? await proxy.fetch(new Request(`http://localhost${path}`)).then((response) => response.text())
      : (await post(inProcess, `http://localhost${path}`, body)).body;
  return Object.fromEntries(unmarshal(answer) as Map<string, string>) as unknown as CertificatePair;
}

const partitionCertificate = (partitionId: string) =>
  certificateOf(
    `/getComputerPartitionCertificate?${new URLSearchParams({ computer_id: COMPUTER, computer_partition_id: partitionId }).toString()}`,
    undefined,
  );

beforeAll(async () => {
  // What the page says is no matter here.
  panelFolder = temporaryFolder();
  writeFileSync(join(panelFolder.path, 'index.html'), '<!doctype html>');
  proxy = await createProxy({ computerId: COMPUTER, panelDirectory: panelFolder.path });
  await proxy.seed({
    computers: { [COMPUTER]: { partitions: 6 }, [OTHER_COMPUTER]: { partitions: 1 } },
    software: [{ softwareReleaseUrl: RELEASE }],
    instances: [
      { partitionReference: 'root', softwareReleaseUrl: RELEASE },
      { partitionReference: 'stranger', softwareReleaseUrl: RELEASE, softwareType: 'strange' },
      { partitionReference: 'guest', softwareReleaseUrl: RELEASE, softwareType: 'strange', shared: true },
    ],
  });
  const requester = { computerId: COMPUTER, partitionId: 'slappart0' };
  await post(inProcess, 'http://localhost/requestComputerPartition', requestForm('child', { requester }));
  who.nobody = {};
  who.user = { pair: await proxy.userCertificate('alice') };
  who.token = { token: await proxy.userToken() };
  who.computer = { pair: await certificateOf('/generateComputerCertificate', { computer_id: COMPUTER }) };
  who.root = { pair: await partitionCertificate('slappart0') };
  who.stranger = { pair: await partitionCertificate('slappart1') };
  who.child = { pair: await partitionCertificate('slappart2') };
  authority = await proxy.authorityCertificate();
  ({ url } = await proxy.listen({ host: '127.0.0.1', port: 0, tls: {}, access: 'restricted' }));
});
afterAll(async () => {
  await proxy.close();
  panelFolder[Symbol.dispose]();
});

async function call(
  credentials: Credentials,
  path: string,
  body?: Record<string, string> | object,
  base = url,
): Promise<{ status: number; body: string; headers: IncomingMessage['headers'] }> {
  const { pair, token } = credentials;
  const isRpc = path.startsWith('/slapos.');
  const send = base.startsWith('https') ? httpsRequest : httpRequest;
  const outgoing = send(base + path, {
    method: body === undefined ? 'GET' : 'POST',
    ca: authority,
    ...(pair === undefined ? {} : { cert: pair.certificate, key: pair.key }),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined
        ? {}
        : { 'content-type': isRpc ? 'application/json' : 'application/x-www-form-urlencoded' }),
    },
    agent: false,
  });
  outgoing.end(
    body === undefined
      ? undefined
      : isRpc
        ? JSON.stringify(body)
        : new URLSearchParams(body as Record<string, string>).toString(),
  );
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await text(response), headers: response.headers };
}

const key = (partitionId: string, computerId = COMPUTER) => ({
  computer_id: computerId,
  computer_partition_id: partitionId,
});
const query = (fields: Record<string, string>) => `?${new URLSearchParams(fields).toString()}`;
const registration = (partitionId: string, computerId = COMPUTER) =>
  `/registerComputerPartition${query({ computer_reference: computerId, computer_partition_reference: partitionId })}`;
const asPartition = (partitionId: string, computerId = COMPUTER) =>
  requestForm('new', { requester: { computerId, partitionId } });
const connection = marshal({ url: 'u' });

type Role = keyof typeof who;
// Users last: what they do is done.
const EVERYBODY: readonly Role[] = ['nobody', 'computer', 'root', 'child', 'stranger', 'user', 'token'];
const USERS: readonly Role[] = ['user', 'token'];

const CALLS: readonly { what: string; path: string; body?: object; allowed: readonly Role[] }[] = [
  { what: 'whether it is well', path: '/healthz', allowed: EVERYBODY },
  { what: 'which proxy it is', path: '/getRunId', allowed: EVERYBODY },
  { what: 'where hateoas is', path: '/getHateoasUrl', allowed: [...USERS, 'computer', 'root', 'child', 'stranger'] },
  {
    what: 'all instances',
    path: `/hateoas/${query({ mode: 'search', query: 'portal_type:"Instance Tree" AND validation_state:validated' })}`,
    allowed: USERS,
  },
  { what: 'all events', path: '/events', allowed: USERS },
  {
    what: 'the events of the computer',
    path: `/events${query({ computer_id: COMPUTER })}`,
    allowed: [...USERS, 'computer'],
  },
  { what: 'the events of another computer', path: `/events${query({ computer_id: OTHER_COMPUTER })}`, allowed: USERS },
  { what: 'the events of the tree', path: `/events${query({ tree: 'root' })}`, allowed: [...USERS, 'root', 'child'] },
  { what: 'the page of the panel', path: '/panel/', allowed: EVERYBODY },
  { what: 'the panel at a glance', path: '/panel/data/overview', allowed: EVERYBODY.slice(1) },
  { what: 'the panel without JavaScript', path: '/panel/plain', allowed: EVERYBODY.slice(1) },
  {
    what: 'the child in the panel without JavaScript',
    path: `/panel/plain/instance${query(key('slappart2'))}`,
    allowed: [...USERS, 'computer', 'root', 'child'],
  },
  {
    what: 'the reports about the child',
    path: `/panel/data/reports${query(key('slappart2'))}`,
    allowed: [...USERS, 'computer', 'root', 'child'],
  },
  {
    what: 'the parameters that a release has',
    path: `/panel/data/schema${query({ software_release_url: RELEASE })}`,
    allowed: USERS,
  },
  { what: 'metrics', path: '/metrics', allowed: USERS },
  {
    what: 'supply',
    path: '/supplySupply',
    body: { url: RELEASE, computer_id: COMPUTER, state: 'available' },
    allowed: USERS,
  },
  { what: 'request as a user', path: '/requestComputerPartition', body: requestForm('root'), allowed: USERS },
  {
    what: 'request as a user with an empty partition',
    path: '/requestComputerPartition',
    body: { ...requestForm('root'), ...key('') },
    allowed: USERS,
  },
  {
    what: 'request as a partition that is not there',
    path: '/requestComputerPartition',
    body: { ...requestForm('root'), ...key('zz') },
    allowed: USERS,
  },
  {
    what: 'the computer',
    path: `/getFullComputerInformation${query({ computer_id: COMPUTER })}`,
    allowed: [...USERS, 'computer'],
  },
  {
    what: 'another computer',
    path: `/getFullComputerInformation${query({ computer_id: OTHER_COMPUTER })}`,
    allowed: USERS,
  },
  {
    what: 'usage',
    path: '/useComputer',
    body: { computer_id: COMPUTER, use_string: '<x/>' },
    allowed: [...USERS, 'computer'],
  },
  {
    what: 'format',
    path: '/loadComputerConfigurationFromXML',
    body: formatForm(COMPUTER, 6),
    allowed: [...USERS, 'computer'],
  },
  {
    what: 'format another computer',
    path: '/loadComputerConfigurationFromXML',
    body: { ...formatForm(OTHER_COMPUTER, 1), computer_id: COMPUTER },
    allowed: USERS,
  },
  {
    what: 'a report of a node',
    path: '/startedComputerPartition',
    body: key('slappart1'),
    allowed: [...USERS, 'computer'],
  },
  {
    what: 'a report of another node',
    path: '/startedComputerPartition',
    body: key('slappart0', OTHER_COMPUTER),
    allowed: USERS,
  },
  { what: 'read the root', path: registration('slappart0'), allowed: [...USERS, 'computer', 'root', 'child'] },
  { what: 'read the child', path: registration('slappart2'), allowed: [...USERS, 'computer', 'root', 'child'] },
  { what: 'read another tree', path: registration('slappart1'), allowed: [...USERS, 'computer', 'stranger'] },
  {
    what: 'bang the tree',
    path: '/softwareInstanceBang',
    body: { ...key('slappart2'), message: 'm' },
    allowed: [...USERS, 'computer', 'root', 'child'],
  },
  {
    what: 'publish for the child',
    path: '/setComputerPartitionConnectionXml',
    body: { ...key('slappart2'), connection_xml: connection },
    allowed: [...USERS, 'computer', 'child'],
  },
  {
    what: 'publish for the guest of another',
    path: '/setComputerPartitionConnectionXml',
    body: { ...key('slappart0'), connection_xml: connection, slave_reference: '_guest' },
    allowed: USERS,
  },
  {
    what: 'the key of the child',
    path: `/getComputerPartitionCertificate${query(key('slappart2'))}`,
    allowed: [...USERS, 'computer', 'child'],
  },
  {
    what: 'request a child as the root',
    path: '/requestComputerPartition',
    body: asPartition('slappart0'),
    allowed: [...USERS, 'computer', 'root'],
  },
  {
    what: 'JSON-RPC: an instance',
    path: '/slapos.get.v0.software_instance',
    body: { instance_guid: 'child___root___0' },
    allowed: [...USERS, 'computer', 'root', 'child'],
  },
  { what: 'JSON-RPC: all trees', path: '/slapos.allDocs.v0.instance_tree_list', body: {}, allowed: USERS },
  {
    what: 'JSON-RPC: request',
    path: '/slapos.post.v0.software_instance',
    body: { title: 'root', software_release_uri: RELEASE, software_type: 'default' },
    allowed: USERS,
  },
  {
    what: 'JSON-RPC: the instances of the computer',
    path: '/slapos.allDocs.v0.compute_node_instance_list',
    body: { computer_guid: COMPUTER },
    allowed: [...USERS, 'computer'],
  },
  {
    what: 'JSON-RPC: the key of the child',
    path: '/slapos.get.v0.software_instance_certificate',
    body: { instance_guid: 'child___root___0' },
    allowed: [...USERS, 'computer', 'child'],
  },
];

describe('who may do what', () => {
  test.each(CALLS)('$what', async ({ path, body, allowed }) => {
    for (const role of EVERYBODY) {
      const answer = await call(who[role], path, body);
      const refusal = role === 'nobody' ? 401 : 403;
      if (allowed.includes(role)) expect(answer.status, `${role}: ${answer.body}`).toBe(200);
      else expect(answer.status, `${role}: ${answer.body}`).toBe(refusal);
      if (answer.status === 401) expect(answer.headers['www-authenticate']).toBe('Bearer');
      if (answer.status >= 400 && path.startsWith('/slapos.'))
        expect(JSON.parse(answer.body)).toMatchObject({ status: refusal });
    }
  });

  test('at a glance, everybody sees what concerns him', async () => {
    const seen = async (role: Role) => {
      const { body } = await call(who[role], '/panel/data/overview');
      const { viewer, computers, instances } = JSON.parse(body) as PanelOverview;
      return {
        viewer,
        computers: computers.map(({ computerId }) => computerId),
        instances: instances.map(({ title }) => title).sort(),
      };
    };
    // Also what the calls above have requested.
    const all = ['child', 'guest', 'new', 'root', 'stranger'];
    const user = { viewer: { role: 'user' }, computers: [COMPUTER, OTHER_COMPUTER], instances: all };
    expect(await seen('token')).toEqual(user);
    expect(await seen('computer')).toEqual({
      viewer: { role: 'computer', computerId: COMPUTER },
      computers: [COMPUTER],
      instances: all,
    });
    const tree = { viewer: { role: 'partition', tree: 'root' }, computers: [], instances: ['child', 'new', 'root'] };
    expect(await seen('root')).toEqual(tree);
    expect(await seen('child')).toEqual(tree);
    expect((await seen('stranger')).instances).toEqual(['stranger']);
    const plain = (await call(who.root, '/panel/plain')).body;
    expect(plain).toContain('>child</a>');
    expect(plain).not.toContain('stranger');
    expect(plain).not.toContain(OTHER_COMPUTER);
  });

  test('what was guessed, revoked, or signed by somebody else is nothing', async () => {
    expect((await call({ token: 'x'.repeat(43) }, '/metrics')).status).toBe(401);
    await using other = await createProxy();
    expect((await call({ pair: await other.userCertificate('alice') }, '/metrics')).status).toBe(401);
    const revoked = who.computer;
    const path = `/getFullComputerInformation${query({ computer_id: COMPUTER })}`;
    expect((await call(revoked, path)).status).toBe(200);
    expect((await call(who.user, '/revokeComputerCertificate', { computer_id: COMPUTER })).status).toBe(200);
    expect((await call(revoked, path)).status).toBe(401);
    who.computer = { pair: await certificateOf('/generateComputerCertificate', { computer_id: COMPUTER }) };
    expect((await call(who.computer, path)).status).toBe(200);
  });

  test('the next instance in a partition does not have the rights of the one before', async () => {
    const former = who.stranger;
    expect((await call(former, registration('slappart1'))).status).toBe(200);
    await call(who.computer, '/destroyedComputerPartition', key('slappart1'));
    expect((await call(former, registration('slappart1'))).status).toBe(401);
  });
});

describe('the client of a node', () => {
  test('works over TLS with the certificate of its computer', async () => {
    using folder = temporaryFolder();
    const file = (name: string, content: string) => {
      writeFileSync(join(folder.path, name), content, { mode: 0o600 });
      return join(folder.path, name);
    };
    const { pair } = who.computer;
    await using client = new SlapClient({
      masterUrl: url,
      keyFile: file('key', pair!.key),
      certFile: file('cert', pair!.certificate),
      masterCaFile: file('ca', authority),
    });
    const { partitions } = await client.registerComputer(COMPUTER).fetchInformation();
    expect(partitions).toHaveLength(6);
  });
});

test('a socket that a proxy left when it was killed is taken over; one that is answered is not', async () => {
  using folder = temporaryFolder();
  const socketPath = join(folder.path, 'proxy.sock');
  const program = await bundleProgram('socket-server');
  const child = execa('node', [program, socketPath], { reject: false, stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await using second = await createProxy();
  await expect(second.listen({ socketPath })).rejects.toMatchObject({ code: 'PROXY_LISTEN_FAILED' });
  child.kill('SIGKILL');
  await child;
  expect(existsSync(socketPath)).toBe(true);
  await second.listen({ socketPath });
  const outgoing = httpRequest({ socketPath, path: '/getRunId' }).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(await text(response)).toBe(second.runId);
});

describe('where nobody is asked', () => {
  test('loopback and a Unix socket, unless it is said otherwise', async () => {
    using folder = temporaryFolder();
    mkdirSync(join(folder.path, 'run'));
    const open = await proxy.listen({ host: '127.0.0.1', port: 0 });
    expect((await call(who.nobody, '/metrics', undefined, open.url)).status).toBe(200);
    const socketPath = join(folder.path, 'run', 'proxy.sock');
    await proxy.listen({ socketPath });
    const outgoing = httpRequest({ socketPath, path: '/metrics' }).end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(200);
    const beyond = await proxy.listen({ host: '0.0.0.0', port: 0 });
    const plain = beyond.url.replace('0.0.0.0', '127.0.0.1');
    expect((await call(who.nobody, '/metrics', undefined, plain)).status).toBe(401);
    expect((await call(who.token, '/metrics', undefined, plain)).status).toBe(200);
  });
});
