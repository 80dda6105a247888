import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { collect, collectOptionsFromSection, collectSectionSchema, ProcFolder } from '@slapos/collect';
import { createLinuxHost } from '@slapos/host';

const SLAPOS = fileURLToPath(new URL('../../../packages/cli/bin/run.js', import.meta.url));
const PROCESSES = 1_000;
const USERS = 20;
/** Users of these numbers exist nowhere. */
const FIRST_UID = 61_000;
const GOAL_MS = 600;
const POLL_MS = 50;
const LIFE_SECONDS = 600;
/** Over less than a second between two runs, shares of processors say nothing: a run that comes too early would wait. */
const PAUSE_MS = 1_100;

/**
 * Starts idle processes of a user, in a process group of their own. None outlives a benchmark that is killed for long.
 *
 * @param {number} uid
 * @param {number} count
 */
function startProcesses(uid, count) {
  const script = `i=1; while [ $i -lt ${count} ]; do sleep ${LIFE_SECONDS} & i=$((i + 1)); done; wait`;
  return spawn('sh', ['-c', script], { uid, gid: uid, cwd: '/', detached: true, stdio: 'ignore' });
}

/** @param {readonly number[]} uids */
function countProcesses(uids) {
  const proc = new ProcFolder();
  return proc
    .processIds()
    .filter((pid) => uids.includes(Number(/^Uid:\s+(\d+)/m.exec(proc.text(String(pid), 'status'))?.[1] ?? '-1')))
    .length;
}

/**
 * Runs the command with a list of users of its own: nobody's machine gets new ones.
 *
 * @param {string} passwd
 * @param {string} configuration
 * @returns {Promise<void>}
 */
function runCommand(passwd, configuration) {
  const script = `mount --bind "$1" /etc/passwd && exec "$2" "$3" node collect --cfg "$4"`;
  const args = ['--mount', 'sh', '-c', script, 'sh', passwd, process.execPath, SLAPOS, configuration];
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (data) => (errors += String(data)));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`slapos node collect ended with ${code}: ${errors}`));
    });
  });
}

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'collect',
  row: 'P17',
  description: 'one run of collect over a thousand real processes; run it as root',
  packages: ['@slapos/host', '@slapos/collect', '@slapos/cli'],
  async prepare() {
    if (process.getuid?.() !== 0) throw new Error('This benchmark starts processes of other users: run it as root.');
    const root = await mkdtemp(path.join(tmpdir(), 'slapos-bench-collect-'));
    const uids = Array.from({ length: USERS }, (_, index) => FIRST_UID + index);
    const shells = uids.map((uid) => startProcesses(uid, PROCESSES / USERS));
    while (countProcesses(uids) < PROCESSES) await delay(POLL_MS);

    const section = {
      instance_root: root,
      computer_id: 'COMP-1',
      partition_amount: String(USERS),
      user_base_name: 'slapuser',
      partition_base_name: 'slappart',
    };
    const { computer_id, instance_root, ...format } = section;
    const configuration = path.join(root, 'slapos.cfg');
    const lines = Object.entries(format).map(([key, value]) => `${key} = ${value}`);
    await writeFile(
      configuration,
      `[slapos]\ninstance_root = ${instance_root}\nsoftware_root = ${root}/software\ncomputer_id = ${computer_id}\nmaster_url = http://127.0.0.1:9/\n[slapformat]\n${lines.join('\n')}\n`,
    );
    const passwd = path.join(root, 'passwd');
    const users = uids.map((uid, index) => `slapuser${index}:x:${uid}:${uid}::/:/bin/sh\n`);
    await writeFile(passwd, `${await readFile('/etc/passwd', 'utf8')}${users.join('')}`);

    const host = createLinuxHost();
    const options = collectOptionsFromSection(collectSectionSchema.parse(section));
    const machine = {
      commands: host.commands,
      locks: host.locks,
      clock: host.clock,
      users: {
        ...host.users,
        /** @param {string} name */
        async byName(name) {
          const uid = FIRST_UID + Number(name.slice('slapuser'.length));
          return { name, uid, gid: uid, home: '/', shell: '/bin/sh' };
        },
        byUid: async () => undefined,
        groupByName: async () => undefined,
        groupByGid: async () => undefined,
      },
    };
    const sizes = { processes: PROCESSES, partitions: USERS };
    const beforeEach = () => delay(PAUSE_MS);
    return {
      cases: [
        {
          label: 'in a process that runs',
          sizes,
          beforeEach,
          async run() {
            const { processes, problems } = await collect(options, { host: machine });
            if (processes !== PROCESSES || problems.length > 0)
              throw new Error(`${processes} processes were measured. ${problems.join('\n')}`);
          },
        },
        {
          label: 'slapos node collect, from the start of the program to its end',
          sizes,
          goalMs: GOAL_MS,
          beforeEach,
          run: () => runCommand(passwd, configuration),
        },
      ],
      async dispose() {
        for (const { pid } of shells) if (pid !== undefined) process.kill(-pid, 'SIGTERM');
        while (countProcesses(uids) > 0) await delay(POLL_MS);
        await host[Symbol.asyncDispose]();
        await rm(root, { recursive: true, force: true });
      },
    };
  },
};
