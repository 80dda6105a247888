import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createLinuxHost, silentLogger } from '@slapos/host';
import { createSupervisordAdapter, writeSupervisorEnvironment } from '@slapos/supervisor';
import { median } from '../measure.mjs';

const PROGRAM = fileURLToPath(new URL('../../../packages/cli/bin/run.js', import.meta.url));
const GOAL_MS = 90;
const KIBIBYTES = 1024;
const MICROSECONDS = 1000;

const runFile = promisify(execFile);

/** What a process writes about itself when it ends; it costs less than a millisecond of it. */
const PROBE = `process.on('exit', () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  require('node:fs').writeFileSync(process.env.USAGE_FILE, JSON.stringify({ cpu: userCPUTime + systemCPUTime, maxRSS }));
});
`;

/** @type {import('../measure.mjs').Benchmark} */
export const benchmark = {
  name: 'start-up',
  row: 'P15',
  description: 'commands that are over at once, beside an empty program of Node.js',
  packages: ['@slapos/cli'],
  async prepare() {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'start-bench-'));
    const instanceRoot = path.join(folder, 'instance');
    const configuration = path.join(folder, 'slapos.cfg');
    const probe = path.join(folder, 'probe.cjs');
    const usage = path.join(folder, 'usage.json');
    await mkdir(instanceRoot);
    await writeFile(configuration, `[slapos]\ninstance_root = ${instanceRoot}\nroot_check = false\n`);
    await writeFile(probe, PROBE);
    await writeSupervisorEnvironment({ instanceRoot });
    const host = createLinuxHost();
    const supervisor = createSupervisordAdapter({ instanceRoot, commands: host.commands, logger: silentLogger });
    await supervisor.ensureRunning();

    /**
     * @param {string} label
     * @param {readonly string[]} words of Node.js
     * @param {number} [goalMs]
     * @returns {import('../measure.mjs').BenchmarkCase}
     */
    const start = (label, words, goalMs) => {
      /** @type {number[]} */
      const cpu = [];
      /** @type {number[]} */
      const memory = [];
      return {
        label,
        sizes: {},
        ...(goalMs === undefined ? {} : { goalMs }),
        async run() {
          await runFile(process.execPath, ['--require', probe, ...words], {
            env: { ...process.env, USAGE_FILE: usage },
          });
          const used = /** @type {{ cpu: number, maxRSS: number }} */ (JSON.parse(await readFile(usage, 'utf8')));
          cpu.push(used.cpu / MICROSECONDS);
          memory.push(used.maxRSS / KIBIBYTES);
        },
        figures: () => ({ 'processor ms': middle(cpu), megabytes: middle(memory) }),
      };
    };
    return {
      cases: [
        start('node -e 0', ['-e', '0']),
        start('slapos --version', [PROGRAM, '--version'], GOAL_MS),
        start('slapos --help', [PROGRAM, '--help'], GOAL_MS),
        start(
          'slapos node status --output json',
          [PROGRAM, 'node', 'status', '--output', 'json', '--cfg', configuration],
          GOAL_MS,
        ),
      ],
      async dispose() {
        await supervisor.shutdown();
        await host[Symbol.asyncDispose]();
        await rm(folder, { recursive: true });
      },
    };
  },
};

/** @param {readonly number[]} values */
function middle(values) {
  return Math.round(median([...values].sort((left, right) => left - right)) * 10) / 10;
}
