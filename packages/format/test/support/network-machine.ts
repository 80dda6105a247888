import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'tsup';
import type { Computer, FormatAction, FormatOptions } from '../../src/index.js';

const PACKAGE = path.join(import.meta.dirname, '..', '..');
let machines = 0;

/** What the program of `test/programs/format.ts` answers; `killed` when it was. */
export interface FormatRun {
  readonly killed: boolean;
  readonly kinds: readonly string[];
  readonly actions: readonly FormatAction[];
  readonly computer: Computer;
  readonly points: number;
  readonly warnings: readonly string[];
  readonly code?: string;
  readonly message?: string;
}

/** Compiles the program that formats, once for a test file. */
export async function buildFormatProgram(): Promise<string> {
  const outDir = path.join(PACKAGE, 'test-results', 'programs', String(process.pid));
  await build({
    config: false,
    silent: true,
    entry: { format: path.join(PACKAGE, 'test', 'programs', 'format.ts') },
    outDir,
    format: 'esm',
    outExtension: () => ({ js: '.js' }),
    target: 'node20',
    platform: 'node',
    dts: false,
    clean: true,
  });
  return path.join(outDir, 'format.js');
}

/** A machine of its own: a network namespace with a bridge that has a carrier, folders, and names of users that nobody else has. */
export class NetworkMachine implements Disposable {
  readonly root: string;
  readonly namespace: string;
  readonly userBaseName: string;
  readonly softwareUser: string;
  readonly #program: string;

  constructor(program: string, address = '2001:db8:1:2::1/64') {
    if (process.geteuid?.() !== 0) throw new Error('Network namespaces and users need root: run the tests with sudo');
    machines += 1;
    this.#program = program;
    const id = `${process.pid}x${machines}`;
    this.root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'format-net-')));
    chmodSync(this.root, 0o755);
    this.namespace = `slapos-format-${id}`;
    this.userBaseName = `sf${id}u`;
    this.softwareUser = `sf${id}s`;
    execFileSync('ip', ['netns', 'add', this.namespace]);
    this.ip('link', 'set', 'lo', 'up');
    this.ip('link', 'add', 'br0', 'type', 'bridge');
    this.ip('link', 'add', 'v0', 'type', 'veth', 'peer', 'name', 'v1');
    this.ip('link', 'set', 'v0', 'master', 'br0');
    for (const link of ['v0', 'v1', 'br0']) this.ip('link', 'set', link, 'up');
    this.ip('link', 'add', 'gw0', 'type', 'bridge');
    this.ip('address', 'add', '10.8.0.1/24', 'dev', 'gw0');
    this.ip('address', 'add', address, 'dev', 'br0', 'nodad');
  }

  /** Runs ip(8) in the namespace. */
  ip(...args: readonly string[]): string {
    return execFileSync('ip', ['-netns', this.namespace, ...args], { encoding: 'utf8' });
  }

  /** Addresses of an interface with their lengths, those of the link's own scope left out. */
  addresses(link: string): string[] {
    const shown = JSON.parse(this.ip('-json', 'address', 'show', 'dev', link)) as {
      addr_info: { local: string; prefixlen: number; scope: string }[];
    }[];
    return shown
      .flatMap((each) => each.addr_info)
      .filter(({ scope }) => scope !== 'link')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`);
  }

  options(changes: Partial<FormatOptions> = {}): FormatOptions {
    return {
      computerId: 'COMP-1',
      instanceRoot: path.join(this.root, 'srv'),
      softwareRoot: path.join(this.root, 'opt'),
      computerXml: path.join(this.root, 'slapos.xml'),
      partitionAmount: 2,
      partitionBaseName: 'slappart',
      userBaseName: this.userBaseName,
      tapBaseName: 'slaptap',
      softwareUser: this.softwareUser,
      interfaceName: 'br0',
      ipv4LocalNetwork: '10.0.0.0/16',
      partitionHasIpv6Range: true,
      ipv6PrefixShift: 16,
      tapIpv6: true,
      tapGatewayInterface: '',
      alterUser: true,
      alterNetwork: true,
      createTap: true,
      createTun: true,
      tunIpv6: true,
      dryRun: false,
      ...changes,
    };
  }

  format(changes: Partial<FormatOptions> = {}, killAt?: number): FormatRun {
    const request = path.join(this.root, 'request.json');
    const sentFile = path.join(this.root, 'sent');
    writeFileSync(request, JSON.stringify({ options: this.options(changes), killAt, sentFile }));
    const result = spawnSync('ip', ['netns', 'exec', this.namespace, process.execPath, this.#program, request], {
      encoding: 'utf8',
    });
    if (result.signal === 'SIGKILL' || result.status === 137) return { killed: true } as FormatRun;
    if (result.stdout === '') throw new Error(`The program ended with ${String(result.status)}: ${result.stderr}`);
    return { killed: false, ...(JSON.parse(result.stdout) as Omit<FormatRun, 'killed'>) };
  }

  [Symbol.dispose](): void {
    execFileSync('ip', ['netns', 'delete', this.namespace]);
    rmSync(this.root, { recursive: true, force: true });
    const names = execFileSync('getent', ['passwd'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(':')[0]);
    const ours = (name: string | undefined): boolean =>
      name !== undefined && (name.startsWith(this.userBaseName) || name === this.softwareUser);
    for (const name of names) if (ours(name)) spawnSync('userdel', [name ?? '']);
    const groups = execFileSync('getent', ['group'], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.split(':')[0]);
    for (const name of groups) if (ours(name)) spawnSync('groupdel', [name ?? '']);
  }
}
