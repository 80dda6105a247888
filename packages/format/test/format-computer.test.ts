import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createLinuxHost, silentLogger } from '@slapos/host';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatComputer, type FormatOptions, type FormatPorts, readStateDocument } from '../src/index.js';

let root: string;
let sent: string[];
let ports: FormatPorts;

beforeEach(async () => {
  root = await realpath(await mkdtemp(path.join(os.tmpdir(), 'format-')));
  await chmod(root, 0o755);
  sent = [];
  ports = {
    host: createLinuxHost(),
    logger: silentLogger,
    slaposVersion: '0.1.0',
    send: async (document) => {
      sent.push(document);
    },
  };
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function options(changes: Partial<FormatOptions> = {}): FormatOptions {
  return {
    computerId: 'COMP-1',
    instanceRoot: path.join(root, 'inst'),
    softwareRoot: path.join(root, 'soft'),
    computerXml: path.join(root, 'slapos.xml'),
    partitionAmount: 2,
    softwareUser: os.userInfo().username,
    partitionHasIpv6Range: false,
    ipv6PrefixShift: 16,
    tapIpv6: false,
    tapGatewayInterface: '',
    dryRun: false,
    definition: definitionOf(2),
    ...changes,
  };
}

function definitionOf(amount: number, userName = os.userInfo().username): NonNullable<FormatOptions['definition']> {
  return {
    softwareUser: userName,
    partitions: Array.from({ length: amount }, (_, index) => ({
      partitionId: `slappart${index}`,
      userName,
      networkInterface: '',
      addresses: [{ addr: `127.0.0.${index + 1}`, netmask: '255.255.255.255' }],
    })),
  };
}

async function modeOf(file: string): Promise<string> {
  return ((await stat(path.join(root, file))).mode & 0o7777).toString(8);
}

describe('a machine that is given as it is', () => {
  it('gets its folders with their modes, and each partition its resources', async () => {
    await formatComputer(options({ certificateRepositoryPath: path.join(root, 'ssl/partition_pki') }), ports);
    expect(
      await Promise.all(['inst', 'soft', 'inst/slappart0', 'inst/slappart1', 'ssl/partition_pki'].map(modeOf)),
    ).toEqual(['755', '755', '750', '750', '700']);
    const resource = await readFile(path.join(root, 'inst/slappart1/.slapos-resource'), 'utf8');
    expect(JSON.parse(resource)).toMatchObject({
      address_list: [{ addr: '127.0.0.2', netmask: '255.255.255.255' }],
      reference: 'slappart1',
      path: path.join(root, 'inst/slappart1'),
      tap: { name: '' },
      tun: null,
    });
    expect(await modeOf('inst/slappart1/.slapos-resource')).toBe('644');
  });

  it('sends the master what it keeps', async () => {
    await formatComputer(options(), ports);
    const kept = await readFile(path.join(root, 'slapos.xml'), 'utf8');
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toContain('\n');
    expect(readStateDocument(sent[0] ?? '', 'sent')).toEqual(readStateDocument(kept, 'kept'));
    expect(kept).toContain('\n  <dictionary id="i2">\n');
  });

  it('plans nothing but sending when it is formatted', async () => {
    await formatComputer(options(), ports);
    // The first repeat archives the document, as the reference does.
    await formatComputer(options(), ports);
    const third = await formatComputer(options(), ports);
    expect(third.actions.map(({ kind }) => kind)).toEqual(['send']);
    expect((await readdir(root)).sort()).toEqual(['inst', 'slapos.xml', 'slapos.xml.zip', 'soft']);
  });

  it('writes nothing in a dry run, and says what it would do', async () => {
    const { actions } = await formatComputer(options({ dryRun: true }), ports);
    expect(actions.map(({ kind }) => kind)).toEqual([
      'makeFolder',
      'makeFolder',
      'makeFolder',
      'writeResource',
      'makeFolder',
      'writeResource',
      'writeState',
      'send',
    ]);
    expect(await readdir(root)).toEqual([]);
    expect(sent).toEqual([]);
  });

  it('puts back the mode of a folder', async () => {
    await formatComputer(options(), ports);
    await chmod(path.join(root, 'inst/slappart0'), 0o700);
    await formatComputer(options(), ports);
    expect(await modeOf('inst/slappart0')).toBe('750');
  });

  it('stays formatted when the master cannot be told', async () => {
    const failure = new Error('refused');
    const result = await formatComputer(options(), { ...ports, send: () => Promise.reject(failure) });
    expect(result).toMatchObject({ sent: false, sendFailure: failure });
    expect(await modeOf('inst/slappart0')).toBe('750');
  });

  it('names the users that do not exist, and does nothing', async () => {
    await expect(
      formatComputer(options({ definition: definitionOf(2, 'nobody-of-that-name') }), ports),
    ).rejects.toMatchObject({
      code: 'FORMAT_NO_USER',
      message: expect.stringContaining('nobody-of-that-name') as string,
    });
    expect(await readdir(root)).toEqual([]);
  });

  it('never follows a link in the place of a partition or of its resources', async () => {
    await formatComputer(options(), ports);
    const victim = path.join(root, 'victim');
    await writeFile(victim, 'untouched');
    await rm(path.join(root, 'inst/slappart0/.slapos-resource'));
    await symlink(victim, path.join(root, 'inst/slappart0/.slapos-resource'));
    await formatComputer(options(), ports);
    expect(await readFile(victim, 'utf8')).toBe('untouched');
    expect((await lstat(path.join(root, 'inst/slappart0/.slapos-resource'))).isFile()).toBe(true);

    await rm(path.join(root, 'inst/slappart1'), { recursive: true });
    await symlink(root, path.join(root, 'inst/slappart1'));
    await expect(formatComputer(options(), ports)).rejects.toMatchObject({ code: 'FORMAT_FOLDER' });
  });
});

describe('a machine without definition file', () => {
  const named = { definition: undefined, partitionBaseName: 'part', userBaseName: '', tapBaseName: 'tap' };

  it('grows, and keeps what it had', async () => {
    const everybody = {
      ...ports.host.users,
      byName: async (name: string) => ({ ...os.userInfo(), name, home: '/', shell: '/bin/sh' }),
    };
    const allKnown = { ...ports, host: { ...ports.host, users: everybody } };
    await formatComputer(options(), ports);
    const { computer } = await formatComputer(
      options({ ...named, partitionAmount: 3, userBaseName: 'user' }),
      allKnown,
    );
    expect(
      computer.partitions.map(({ partitionId, user, addresses }) => [partitionId, user.name, addresses.length]),
    ).toEqual([
      ['slappart0', os.userInfo().username, 1],
      ['slappart1', os.userInfo().username, 1],
      ['part2', 'user2', 0],
    ]);
    expect(await modeOf('inst/part2')).toBe('750');
  });

  it('needs the users of new partitions', async () => {
    await expect(
      formatComputer(options({ ...named, partitionAmount: 1, userBaseName: 'nouser' }), ports),
    ).rejects.toThrow('nouser0');
  });

  it('refuses to shrink', async () => {
    await formatComputer(options(), ports);
    await expect(formatComputer(options({ ...named, partitionAmount: 1 }), ports)).rejects.toMatchObject({
      code: 'FORMAT_SHRINK',
    });
  });

  it('keeps the roots of the document when the options change', async () => {
    await formatComputer(options(), ports);
    const { computer } = await formatComputer(options({ ...named, instanceRoot: path.join(root, 'elsewhere') }), ports);
    expect(computer.instanceRoot).toBe(path.join(root, 'inst'));
    expect(computer.partitions.map(({ partitionId }) => partitionId)).toEqual(['slappart0', 'slappart1']);
  });

  it('says where former documents are when the document is broken', async () => {
    await writeFile(path.join(root, 'slapos.xml'), '<marshal><dictionary id="i2"></marshal>');
    await expect(formatComputer(options(named), ports)).rejects.toMatchObject({
      code: 'FORMAT_STATE',
      hint: expect.stringContaining('slapos.xml.zip') as string,
    });
  });
});

describe('what else a run may do', () => {
  it('makes a folder for each partition on each extra disk, by number', async () => {
    for (const name of ['data12', 'data2', 'data', 'dataX'])
      await mkdir(path.join(root, 'disks', name), { recursive: true });
    const { computer } = await formatComputer(options({ instanceStorageHome: path.join(root, 'disks') }), ports);
    expect(computer.partitions[1]?.externalStorage).toEqual([
      path.join(root, 'disks/data2/slappart1'),
      path.join(root, 'disks/data12/slappart1'),
    ]);
    expect(await modeOf('disks/data12/slappart0')).toBe('750');
    expect(await readdir(path.join(root, 'disks/dataX'))).toEqual([]);
  });

  it('calls managers before and after the partitions, also when making them failed', async () => {
    const user = os.userInfo().username;
    await formatComputer(options(), ports);
    const calls: string[] = [];
    const managers: NonNullable<FormatPorts['managers']> = {
      run: async (hook, computer) => {
        calls.push(`${hook} ${computer.partitions.map(({ userName }) => userName).join()}`);
      },
    };
    const again = options({ definition: undefined });
    await formatComputer(again, { ...ports, managers });
    expect(calls).toEqual([`format ${user},${user}`, `formatTearDown ${user},${user}`]);
    await rm(path.join(root, 'inst/slappart1'), { recursive: true });
    await symlink(root, path.join(root, 'inst/slappart1'));
    await expect(formatComputer(again, { ...ports, managers })).rejects.toMatchObject({ code: 'FORMAT_FOLDER' });
    expect(calls).toHaveLength(4);
    await formatComputer({ ...again, dryRun: true }, { ...ports, managers }).catch(() => undefined);
    expect(calls).toHaveLength(4);
  });
});
