import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface, type Interface } from 'node:readline';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { buildPrograms } from './support/programs.js';
import { rounds, TORTURE_TIMEOUT_MS } from './support/torture.js';

const AGENTS = 8;
/** Each round is a race of all agents. */
const ROUNDS = rounds(25, 1250);
/** In every so many rounds the winner is killed while it holds the lock, and a new agent comes in its place. */
const KILL_EVERY = 5;

class Agent {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, lockFile: string) {
    this.process = spawn(process.execPath, [program, lockFile]);
    const lines: Interface = createInterface(this.process.stdout);
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<string> {
    const { value } = (await this.#lines.next()) as { value: string };
    return value;
  }

  async tell(line: 'try' | 'release' | `cycle ${number}`): Promise<string> {
    this.process.stdin.write(`${line}\n`);
    return this.next();
  }
}

let folder: string;
let lockFile: string;
let program: string;
let agents: Agent[];

const start = async (): Promise<Agent> => {
  const agent = new Agent(program, lockFile);
  expect(await agent.next()).toBe('ready');
  return agent;
};

beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(tmpdir(), 'host-lock-races-'));
  lockFile = path.join(folder, 'agent.pid');
  ({ 'lock-racer': program = '' } = await buildPrograms('lock-racer'));
  agents = await Promise.all(Array.from({ length: AGENTS }, start));
});
afterAll(() => {
  for (const agent of agents) agent.process.kill('SIGKILL');
  fs.rmSync(folder, { recursive: true, force: true });
});

test(
  `of ${String(AGENTS * ROUNDS)} starts exactly one wins in each race`,
  async () => {
    for (let round = 1; round <= ROUNDS; round += 1) {
      const answers = await Promise.all(agents.map((agent) => agent.tell('try')));
      expect(answers.toSorted()).toEqual([...Array.from({ length: AGENTS - 1 }, () => 'HOST_LOCKED'), 'won']);
      const winner = answers.indexOf('won');
      const { process: holder } = agents[winner]!;
      expect(fs.readFileSync(lockFile, 'latin1')).toBe(String(holder.pid));
      if (round % KILL_EVERY === 0) {
        holder.kill('SIGKILL');
        await once(holder, 'exit');
        expect(fs.existsSync(lockFile)).toBe(true);
        agents[winner] = await start();
      }
      await Promise.all(agents.map((agent) => agent.tell('release')));
    }
  },
  TORTURE_TIMEOUT_MS,
);

test(
  'taking and giving back at once, never two hold it',
  async () => {
    const cycles = rounds(8, 150);
    const answers = await Promise.all(agents.map((agent) => agent.tell(`cycle ${cycles}`)));
    expect(answers).toEqual(Array.from({ length: AGENTS }, () => 'violations 0'));
    expect(fs.existsSync(lockFile)).toBe(false);
  },
  TORTURE_TIMEOUT_MS,
);
