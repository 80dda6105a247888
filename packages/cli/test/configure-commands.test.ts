import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { ConfigFile, parseConfig } from '../src/index.js';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { messages, runSlapos, SLAPOS_BIN } from './support/run-slapos.js';

const run = promisify(execFile);
const CERTIFICATE = 'Subject: CN=COMP-1234/emailAddress=nobody@example.org\n-----BEGIN CERTIFICATE-----\n';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'slapos-cli-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

interface Call {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly token: string | string[] | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

interface WebAnswer {
  readonly status?: number;
  readonly body: string;
}

/** A web interface that keeps what it is asked. */
async function webInterface(answer: (call: Call) => WebAnswer, keys?: { cert: string; key: string }) {
  const calls: Call[] = [];
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    void text(request).then((body) => {
      const { method, url, headers } = request;
      const call = { method, url, token: headers['x-access-token'], authorization: headers.authorization, body };
      calls.push(call);
      const { status = 200, body: content } = answer(call);
      response.writeHead(status).end(content);
    });
  };
  const server = keys === undefined ? createServer(handle) : createSecureServer(keys, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http${keys === undefined ? '' : 's'}://127.0.0.1:${port}`,
    calls,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const issue = (): WebAnswer => ({ body: JSON.stringify({ certificate: CERTIFICATE, key: 'the key' }) });

async function modeOf(file: string): Promise<string> {
  return ((await stat(file)).mode & 0o7777).toString(8);
}

async function readConfig(file: string): Promise<ConfigFile> {
  return new ConfigFile(parseConfig(await readFile(file, 'utf8'), file));
}

describe('slapos configure client', () => {
  it('writes configuration, certificate and key, for the user alone', async () => {
    await using web = await webInterface(issue);
    const file = path.join(folder, 'inner/slapos-client.cfg');
    const words = [
      'configure',
      'client',
      '--cfg',
      file,
      '--master-url',
      'https://master/',
      '--master-url-web',
      web.url,
    ];
    const { exitCode, stderr } = await runSlapos([...words, '--token-file', '-'], { input: 'secret\n' });
    expect(messages(stderr)).toBe(`SlapOS client configuration written to ${file}\n`);
    expect(exitCode).toBe(0);
    expect(web.calls).toMatchObject([{ method: 'POST', url: '/Person_getCertificate', token: 'secret', body: '' }]);
    const config = await readConfig(file);
    expect(config.value('slapos', 'master_url')).toBe('https://master/');
    expect(await readFile(config.value('slapconsole', 'cert_file') ?? '', 'utf8')).toBe(CERTIFICATE);
    expect(await readFile(config.value('slapconsole', 'key_file') ?? '', 'utf8')).toBe('the key');
    for (const name of ['slapos-client.cfg', 'client.crt', 'client.key'])
      expect(await modeOf(path.join(folder, 'inner', name))).toBe('600');
    expect(await modeOf(path.join(folder, 'inner'))).toBe('700');
    const again = await runSlapos([...words, '--token-file', '-'], { input: 'secret\n' });
    expect(again.exitCode).toBe(1);
    expect(again.stderr).toContain(`There is a file in ${file}. Please remove it before creating a new configuration.`);
    expect(web.calls).toHaveLength(1);
  });

  it.each([
    [{ status: 403, body: '' }, 'Access denied to the SlapOS Master. Please check the authentication token'],
    [{ status: 500, body: '' }, 'Person_getCertificate answered with status 500.'],
    [{ body: '<html>' }, 'answered with something else than a certificate and its key'],
  ])('writes nothing when the master answers %j', async (answer, message) => {
    await using web = await webInterface(() => answer);
    const file = path.join(folder, 'inner/slapos-client.cfg');
    const words = ['configure', 'client', '--cfg', file, '--master-url-web', web.url];
    const { exitCode, stderr } = await runSlapos(words, { env: { SLAPOS_TOKEN: 'secret' } });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
    await expect(stat(path.join(folder, 'inner'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('says where a token can come from when nobody can be asked, and that others see one of the command line', async () => {
    const words = [
      'configure',
      'client',
      '--cfg',
      path.join(folder, 'x.cfg'),
      '--master-url-web',
      'http://127.0.0.1:1',
    ];
    const unasked = await runSlapos(words);
    expect(unasked.exitCode).toBe(2);
    expect(unasked.stderr).toContain('There is no terminal to ask on for: Credential security token\n');
    expect(unasked.stderr).toContain('--token-file FILE');
    const seen = await runSlapos([...words, '--token', 'secret']);
    expect(seen.exitCode).toBe(1);
    expect(seen.stderr).toContain('Everybody on this machine can see a token');
    expect(seen.stderr).toContain('Cannot reach http://127.0.0.1:1');
  });

  it('sends a token to a certificate that it can trust, and to no other', async () => {
    const [keyFile, certFile] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    await run('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
    ]);
    const keys = { cert: await readFile(certFile, 'utf8'), key: await readFile(keyFile, 'utf8') };
    await using web = await webInterface(issue, keys);
    const tryWith = (name: string, ...words: string[]) =>
      runSlapos(
        ['configure', 'client', '--cfg', path.join(folder, name, 'c.cfg'), '--master-url-web', web.url, ...words],
        {
          env: { SLAPOS_TOKEN: 'secret' },
        },
      );
    const refused = await tryWith('a');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/cannot be trusted: .*Nothing was sent\./);
    const fingerprint = /SHA-256 fingerprint is ([0-9A-F:]+)/.exec(refused.stderr)?.[1] ?? '';
    const wrong = await tryWith('a', '--tls-fingerprint', fingerprint.replace(/^../, '00'));
    expect(wrong.stderr).toContain('it has another fingerprint');
    expect(web.calls).toEqual([]);
    expect((await tryWith('b', '--tls-fingerprint', fingerprint)).exitCode).toBe(0);
    expect((await tryWith('c', '--tls-ca', certFile)).exitCode).toBe(0);
    const insecure = await tryWith('d', '--insecure');
    expect(insecure).toMatchObject({ exitCode: 0 });
    expect(insecure.stderr).toContain('is not verified (--insecure)');
    expect(web.calls).toHaveLength(3);
  });
});

describe('slapos node register', () => {
  it('writes the configuration of a node, and moves the former one aside', async () => {
    await using web = await webInterface(issue);
    const file = path.join(folder, 'etc/slapos.cfg');
    const words = [
      ...['node', 'register', 'my node', '--cfg', file, '--master-url', 'https://master/', '--master-url-web', web.url],
      ...['--interface-name', 'eth9', '--partition-number', '3', '--software-root', '/s%w', '--create-tap'],
    ];
    const { exitCode, stderr } = await runSlapos(words, { env: { SLAPOS_TOKEN: 'secret' } });
    expect(messages(stderr)).toContain(
      'Node has successfully been configured as COMP-1234.\nNow please invoke slapos node boot on your site.\n',
    );
    expect(exitCode).toBe(0);
    expect(web.calls).toMatchObject([
      { method: 'POST', url: '/Person_requestComputer', token: 'secret', body: 'title=my+node' },
    ]);
    const config = await readConfig(file);
    const ssl = path.join(folder, 'etc/ssl');
    expect(Object.fromEntries(config.section('slapos'))).toEqual({
      computer_id: 'COMP-1234',
      master_url: 'https://master/',
      key_file: path.join(ssl, 'key'),
      cert_file: path.join(ssl, 'certificate'),
      certificate_repository_path: path.join(ssl, 'partition_pki'),
      software_root: '/s%w',
      instance_root: '/srv/slapgrid',
    });
    expect(Object.fromEntries(config.section('slapformat'))).toMatchObject({
      interface_name: 'eth9',
      partition_amount: '3',
      create_tap: 'True',
    });
    expect(
      await Promise.all(['', 'ssl', 'ssl/partition_pki'].map((name) => modeOf(path.join(folder, 'etc', name)))),
    ).toEqual(['711', '711', '711']);
    expect(await Promise.all(['key', 'certificate'].map((name) => modeOf(path.join(ssl, name))))).toEqual([
      '600',
      '600',
    ]);
    expect((await runSlapos(['config', 'check', file])).stderr).not.toContain('ERROR');
    await chmod(folder, 0o700);
    for (const number of ['', '.1']) {
      const again = await runSlapos(words, { env: { SLAPOS_TOKEN: 'secret' } });
      expect(again.stderr).toContain(
        `Former slapos configuration detected in ${path.join(folder, 'etc')} moving to ${path.join(folder, `etc.old${number}`)}`,
      );
      expect(await readFile(path.join(folder, `etc.old${number}/ssl/key`), 'utf8')).toBe('the key');
    }
  });

  it('takes login and password', async () => {
    await using web = await webInterface(({ url }) => (url === '/' ? { body: '<a>Logout</a>' } : issue()));
    const file = path.join(folder, 'etc/slapos.cfg');
    const words = [
      'node',
      'register',
      'n',
      '--cfg',
      file,
      '--master-url-web',
      web.url,
      '--login',
      'me',
      '--password',
      'p',
    ];
    expect((await runSlapos(words)).exitCode).toBe(0);
    const authorization = `Basic ${Buffer.from('me:p').toString('base64')}`;
    expect(web.calls).toMatchObject([
      { method: 'GET', url: '/', authorization },
      { method: 'GET', url: '/Person_requestComputer?title=n', authorization },
    ]);
  });

  it.each([
    [{ status: 403, body: '' }, 'Access denied to the SlapOS Master.'],
    [{ status: 500, body: 'Certificate still active.' }, 'The node name "n" is already in use.'],
    [{ body: '{"certificate": "x", "key": "y"}' }, 'something that is no certificate'],
  ])('writes nothing when the master answers %j', async (answer, message) => {
    await using web = await webInterface(() => answer);
    const file = path.join(folder, 'etc/slapos.cfg');
    const words = ['node', 'register', 'n', '--cfg', file, '--master-url-web', web.url];
    const { exitCode, stderr } = await runSlapos(words, { env: { SLAPOS_TOKEN: 'secret' } });
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
    await expect(stat(path.join(folder, 'etc'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('--register-only-check asks for nothing that costs anything, and changes nothing', async () => {
    await using web = await webInterface(({ url }) =>
      url === '/' ? { body: '<a>Logout</a>' } : { status: 500, body: '' },
    );
    const check = (file: string, ...more: string[]) =>
      runSlapos(
        ['node', 'register', 'n', '--cfg', file, '--master-url-web', web.url, '--register-only-check', ...more],
        { env: { SLAPOS_TOKEN: 'secret' } },
      );
    const file = path.join(folder, 'etc/slapos.cfg');
    const fresh = await check(file);
    expect(fresh.stderr).toContain(`${web.url} answers. The token was not sent`);
    expect(fresh.exitCode).toBe(0);
    expect(web.calls).toMatchObject([{ method: 'GET', url: '/', token: undefined }]);
    expect((await check(file, '--login', 'me', '--password', 'p')).stderr).toContain('takes the login');
    await expect(stat(path.join(folder, 'etc'))).rejects.toMatchObject({ code: 'ENOENT' });
    await mkdir(path.join(folder, 'etc'));
    await writeFile(file, '');
    expect((await check(file)).stderr).toContain(`would be moved to ${path.join(folder, 'etc.old')}`);
    const inFile = await check(path.join(file, 'slapos.cfg'));
    expect(inFile.exitCode).toBe(1);
    expect(inFile.stderr).toContain(`${file} cannot be changed`);
    expect(web.calls.every(({ url }) => url === '/')).toBe(true);
  });

  it('--dry-run asks nobody and changes nothing', async () => {
    await using web = await webInterface(issue);
    const file = path.join(folder, 'etc/slapos.cfg');
    await mkdir(path.dirname(file));
    await writeFile(file, '[slapos]\ncomputer_id = COMP-1\n');
    const words = ['node', 'register', 'n', '--cfg', file, '--master-url-web', web.url, '--dry-run'];
    const { exitCode, stdout } = await runSlapos(words);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`would move ${path.dirname(file)} to ${path.dirname(file)}.old\n`);
    expect(stdout).toContain('  [slapos]\n- computer_id = COMP-1\n');
    expect(stdout).toContain('+ interface_name = lo\n');
    expect(web.calls).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe('[slapos]\ncomputer_id = COMP-1\n');
  });
});

/** Runs a shell script as root of a machine of its own: its network, its `/etc`, its processes. */
async function onMachineOfItsOwn(script: string): Promise<string> {
  const etc = path.join(folder, 'machine-etc');
  await cp('/etc', etc, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  const { stdout } = await run('unshare', [
    ...['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
    ...['sh', '-ec', `mount --bind "$1" /etc; ip link set lo up; exec 2>&1; ${script}`, 'sh', etc],
  ]);
  return stdout;
}

describe('slapos configure local', () => {
  it('makes a machine a node of its own master, also after a try that failed, and not a second time', async () => {
    const at = (name: string): string => path.join(folder, name);
    const slapos = `HOME=${at('home')} ${process.execPath} ${SLAPOS_BIN}`;
    const words = [
      ...['--partition-number', '2', '--slapos-instance-root', at('srv'), '--slapos-software-root', at('opt')],
      ...['--slapos-buildout-directory', at('slapos'), '--slapos-configuration-directory', at('conf')],
    ].join(' ');
    await mkdir(at('home'));
    const output = await onMachineOfItsOwn(`
      ${slapos} configure local ${words} || echo "without IPv6: $?"
      ls ${at('conf')}
      ip -6 address add fd00:5a::1/64 dev lo nodad
      ${slapos} configure local ${words} --enable-shacache-proxy && echo "configured: $?"
      ${slapos} configure local ${words} || echo "again: $?"
      ${slapos} computer list
      ${slapos} node status --cfg ${at('conf/slapos.cfg')}; echo "status: $?"
      ${slapos} node instance --now --cfg ${at('conf/slapos.cfg')}; echo "instance: $?"
    `);
    expect(output).toContain('has no IPv6 address of global scope');
    expect(output).toContain('run this again.\n');
    expect(output).toContain('without IPv6: 1\nslapos-proxy.cfg\nslapos.cfg.unfinished\n');
    expect(output).toContain(`SlapOS configuration written to ${at('conf/slapos.cfg')}`);
    expect(output).toContain('configured: 0\n');
    expect(output).toContain(`A SlapOS configuration directory already exist at ${at('conf/slapos.cfg')}. Aborting.`);
    expect(output).toContain('again: 1\nList of Computers:\nlocal_computer local_computer\n');
    expect(output).toMatch(/^slapproxy +RUNNING .*\nwatchdog +RUNNING .*\nstatus: 0\n/m);
    expect(output).toContain('instance: 0\n');
    const config = await readConfig(at('conf/slapos.cfg'));
    expect(config.value('slapos', 'key_file')).toBeUndefined();
    expect(config.value('slapos', 'pidfile_instance')).toBe(at('slapos/slapgrid-cp.pid'));
    expect(config.value('slapformat', 'log_file')).toBe(at('slapos/log/slapos-node-format.log'));
    expect(config.value('disabled-firewall', 'log_file')).toBe('/opt/slapos/log/firewalld.log');
    expect(config.value('networkcache', 'download-dir-url')).toBe('http://127.0.0.1:8080/shacache/dir');
    const proxy = await readConfig(at('conf/slapos-proxy.cfg'));
    expect(proxy.value('slapproxy', 'port')).toBe('8080');
    expect(proxy.value('slapproxy', 'database_uri')).toBe(at('slapos/slapproxy.db'));
    const signingKey = proxy.value('slapproxy', 'shacache_signing_key_path') ?? '';
    expect(await readFile(signingKey, 'utf8')).toContain('BEGIN PRIVATE KEY');
    expect(await modeOf(signingKey)).toBe('600');
    const service = await readConfig(at('srv/etc/supervisord.conf.d/slapproxy.conf'));
    expect(service.value('program:slapproxy', 'command')).toBe(
      `${process.execPath} ${SLAPOS_BIN} proxy start --cfg ${at('conf/slapos-proxy.cfg')}`,
    );
    expect(await readlink(at('home/.slapos/slapos-client.cfg'))).toBe(at('conf/slapos.cfg'));
  });

  it('does not take another program for its master', async () => {
    const at = (name: string): string => path.join(folder, name);
    await using web = await webInterface(issue);
    const { port } = new URL(web.url);
    const words = [
      '--daemon-listen-port',
      port,
      '--slapos-instance-root',
      at('srv'),
      '--slapos-software-root',
      at('opt'),
    ];
    const { exitCode, stderr } = await runSlapos([
      'configure',
      'local',
      ...words,
      '--slapos-configuration-directory',
      at('conf'),
    ]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`Something else listens at ${web.url}; nothing was changed.`);
    await expect(stat(at('conf'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
