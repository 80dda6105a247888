import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./format-program.mjs', import.meta.url));
/** Where nobody of this machine is. */
const FIRST_ID = 3_000_000;
let machines = 0;

/** A machine of its own to be formatted: a network namespace with a bridge, and a copy of /etc whose users are nobody else's. */
export class FormatMachine {
  /** @param {number} partitionAmount */
  constructor(partitionAmount) {
    if (process.geteuid?.() !== 0)
      throw new Error('Formatting makes users and interfaces: run this benchmark as root.');
    machines += 1;
    this.namespace = `slapos-bench-${process.pid}-${machines}`;
    this.root = realpathSync(mkdtempSync(path.join(tmpdir(), 'slapos-bench-format-')));
    cpSync('/etc', path.join(this.root, 'etc'), { recursive: true, verbatimSymlinks: true });
    mkdirSync(path.join(this.root, 'node'));
    const at = (/** @type {string} */ name) => path.join(this.root, 'node', name);
    this.options = {
      computerId: 'COMP-1',
      instanceRoot: at('srv'),
      softwareRoot: at('opt'),
      computerXml: at('slapos.xml'),
      partitionAmount,
      partitionBaseName: 'slappart',
      userBaseName: 'slapuser',
      tapBaseName: 'slaptap',
      softwareUser: 'slapsoft',
      interfaceName: 'br0',
      ipv4LocalNetwork: '10.0.0.0/16',
      partitionHasIpv6Range: true,
      ipv6PrefixShift: 16,
      createTap: true,
      tapIpv6: true,
      tapGatewayInterface: '',
      alterUser: true,
      alterNetwork: true,
      dryRun: false,
    };
    execFileSync('ip', ['netns', 'add', this.namespace]);
    const commands = [
      'link set lo up',
      'link add br0 type bridge',
      'link add v0 type veth peer name v1',
      'link set v0 master br0',
      ...['v0', 'v1', 'br0'].map((link) => `link set ${link} up`),
      'address add 2001:db8:1:2::1/64 dev br0 nodad',
    ];
    execFileSync('ip', ['-netns', this.namespace, '-batch', '-'], { input: `${commands.join('\n')}\n` });
  }

  /** Makes the users that formatting would make one after the other, which for many takes minutes. */
  addUsers() {
    const { partitionAmount, instanceRoot, softwareRoot, softwareUser, userBaseName } = this.options;
    const users = Array.from({ length: partitionAmount }, (_, index) => ({
      name: `${userBaseName}${index}`,
      home: path.join(instanceRoot, `slappart${index}`),
    }));
    const all = [{ name: softwareUser, home: softwareRoot }, ...users];
    const members = users.map(({ name }) => name).join();
    const idOf = (/** @type {number} */ index) => FIRST_ID + index;
    const add = (/** @type {string} */ file, /** @type {string[]} */ lines) =>
      appendFileSync(path.join(this.root, 'etc', file), `${lines.join('\n')}\n`);
    add(
      'passwd',
      all.map(({ name, home }, index) => `${name}:x:${idOf(index)}:${idOf(index)}::${home}:/bin/sh`),
    );
    add(
      'shadow',
      all.map(({ name }) => `${name}:!:20000::::::`),
    );
    add(
      'group',
      all.map(({ name }, index) => `${name}:x:${idOf(index)}:${index === 0 ? members : ''}`),
    );
  }

  /** Formats in a process of its own. @returns {string[]} the kinds of actions that were done */
  format() {
    const request = path.join(this.root, 'request.json');
    writeFileSync(request, JSON.stringify(this.options));
    const inside = 'mount --bind "$0" /etc && exec "$@"';
    const etc = path.join(this.root, 'etc');
    const output = execFileSync(
      'ip',
      ['netns', 'exec', this.namespace, 'sh', '-c', inside, etc, process.execPath, PROGRAM, request],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
    );
    /** @type {string[]} */
    const kinds = JSON.parse(output);
    return kinds;
  }

  [Symbol.dispose]() {
    execFileSync('ip', ['netns', 'delete', this.namespace]);
    rmSync(this.root, { recursive: true, force: true });
  }
}
