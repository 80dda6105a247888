/** How many things the program tries. */
export const PRIVILEGE_PROBE_COUNT = 32;

/**
 * A program for `node -e` that tries what a tenant must not be able to do, whoever started it (spec: security S18). It prints
 * `{ count, allowed }`: how many things it tried, and the names of those that worked.
 * Arguments: the pid of the agent, a folder of another tenant with a file `secret`, a program of root with the set-user-id bit that is a
 * copy of `id`, a folder of root with a file `file`. Current folder: the tenant's own.
 */
export const PRIVILEGE_PROBES = `
const fs = require('node:fs');
const { spawnSync } = require('node:child_process');
const [agent, other, setuid, canary] = process.argv.slice(1);
const run = (file, ...args) => { const r = spawnSync(file, args, { encoding: 'utf8' }); if (r.status !== 0) throw new Error(r.stderr); return r.stdout; };
const status = (name) => fs.readFileSync('/proc/self/status', 'utf8').match(new RegExp('^' + name + ':\\\\s*(.*)$', 'm'))[1];
const must = (holds) => { if (holds) throw new Error('denied'); };
const probes = {
  'setuid(0)': () => process.setuid(0),
  'seteuid(0)': () => process.seteuid(0),
  'setgid(0)': () => process.setgid(0),
  'setegid(0)': () => process.setegid(0),
  'setgroups(0)': () => process.setgroups([0]),
  'initgroups(root)': () => process.initgroups('root', 0),
  'write /etc': () => fs.writeFileSync('/etc/slapos-host-probe', ''),
  'append to /etc/passwd': () => fs.appendFileSync('/etc/passwd', ''),
  'read /etc/shadow': () => fs.readFileSync('/etc/shadow'),
  'read the memory of the agent': () => fs.openSync('/proc/' + agent + '/mem', 'r+'),
  'read the environment of the agent': () => fs.readFileSync('/proc/' + agent + '/environ'),
  'read the descriptors of the agent': () => fs.readdirSync('/proc/' + agent + '/fd'),
  'signal the agent': () => process.kill(Number(agent), 0),
  'list another partition': () => fs.readdirSync(other),
  'read another partition': () => fs.readFileSync(other + '/secret'),
  'write another partition': () => fs.writeFileSync(other + '/mine', ''),
  'read a file of root': () => fs.readFileSync(canary + '/file'),
  'chown a file to root': () => { fs.writeFileSync('mine', ''); fs.chownSync('mine', 0, 0); },
  'make a device': () => run('mknod', 'device', 'b', '8', '0'),
  'mount': () => run('mount', '-t', 'tmpfs', 'none', process.cwd()),
  'chroot': () => run('chroot', '/', 'true'),
  'make a network interface': () => run('ip', 'tuntap', 'add', 'dev', 'probe0', 'mode', 'tap'),
  'raise the priority': () => require('node:os').setPriority(0, -10),
  'write to the kernel': () => fs.writeFileSync('/proc/sys/kernel/hostname', 'probe'),
  'gain from a set-user-id program': () => must(!run(setuid, '-u').startsWith('0') && !run(setuid).includes('euid=0')),
  'gain from su': () => run('su', 'root', '-c', 'true'),
  'have a capability': () => must(['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].every((set) => /^0+$/.test(status(set)))),
  'have another uid': () => must(new Set(status('Uid').split(/\\s+/)).size === 1 && process.getuid() !== 0),
  'have a group of root': () => must(!process.getgroups().includes(0) && new Set(status('Gid').split(/\\s+/)).size === 1),
  'gain privileges by exec': () => must(status('NoNewPrivs') === '1'),
  'reach the terminal of the agent': () => fs.openSync('/dev/tty', 'r+'),
  'see the environment of the agent': () => must(!('SECRET_OF_THE_AGENT' in process.env) && !('LD_PRELOAD' in process.env)),
};
const allowed = [];
for (const [name, probe] of Object.entries(probes)) {
  try { probe(); allowed.push(name); } catch {}
}
console.log(JSON.stringify({ count: Object.keys(probes).length, allowed }));
`;
