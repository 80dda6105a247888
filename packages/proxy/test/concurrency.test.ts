import { join } from 'node:path';

import Database from 'better-sqlite3';
import { beforeAll, expect, test } from 'vitest';

import { bundleProgram, type ServerProcess, startServerProcess, temporaryFolder } from './support/server-process.js';
import { formatForm, partitionOf, post, requestForm } from './support/slap-calls.js';

const COMPUTER = 'COMP-1';
const CLIENTS = 16;
/** `npm run torture -w @slapos/proxy` does the numbers of the goals, which takes hours. */
const IS_TORTURE = process.env['SLAPOS_TORTURE'] !== undefined;
const REQUESTS_PER_CLIENT = IS_TORTURE ? 10_000 : 25;
const KILLS = IS_TORTURE ? 100 : 6;
const DISTINCT_NAMES = IS_TORTURE ? 20_000 : 200;
const TIMEOUT_MS = IS_TORTURE ? 6 * 3_600_000 : 60_000;

let program: string;
beforeAll(async () => {
  program = await bundleProgram('server');
}, 60_000);

interface Answered {
  readonly name: string;
  readonly partitionId: string;
}

/** Requests random names until its share is done or the server dies; says what was acknowledged. */
async function runClient(url: string, seed: number, answered: Answered[]): Promise<void> {
  let random = seed;
  for (let index = 0; index < REQUESTS_PER_CLIENT; index += 1) {
    random = (random * 1_103_515_245 + 12_345) % 2_147_483_648;
    const name = `instance-${random % DISTINCT_NAMES}`;
    const answer = await post(fetch, `${url}/requestComputerPartition`, requestForm(name)).catch(() => undefined);
    if (answer === undefined) return; // The server was killed: nothing was acknowledged.
    expect(answer.status).toBe(200);
    answered.push({ name, partitionId: partitionOf(answer.body)! });
  }
}

/** Nothing may be allocated twice, and nothing that was acknowledged may be lost. */
function checkHistory(databasePath: string, answered: readonly Answered[]): void {
  const database = new Database(databasePath);
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  const rows = database
    .prepare<[], { reference: string; name: string | null }>(
      `SELECT reference, partition_reference AS name FROM partition17 WHERE slap_state = 'busy'`,
    )
    .all();
  database.close();
  const partitionOfName = new Map(rows.map(({ reference, name }) => [name, reference]));
  expect(partitionOfName.size, 'a name has two partitions').toBe(rows.length);
  for (const { name, partitionId } of answered) expect(partitionOfName.get(name), name).toBe(partitionId);
}

test.each([
  { where: 'in one process', processes: 1, kills: 0 },
  { where: 'in two processes on one file', processes: 2, kills: 0 },
  { where: 'in processes that are killed and started again', processes: 2, kills: KILLS },
])(
  '$where, clients at once never get a partition twice and lose nothing',
  { timeout: TIMEOUT_MS },
  async ({ processes, kills }) => {
    using folder = temporaryFolder();
    const databasePath = join(folder.path, 'proxy.db');
    const start = () => startServerProcess(program, databasePath, COMPUTER);
    const first = await start();
    expect(
      await post(fetch, `${first.url}/loadComputerConfigurationFromXML`, formatForm(COMPUTER, DISTINCT_NAMES)),
    ).toEqual({
      status: 200,
      body: 'done',
    });
    const answered: Answered[] = [];
    let servers: ServerProcess[] = [first, ...(await Promise.all(Array.from({ length: processes - 1 }, start)))];
    for (let round = 0; round <= kills; round += 1) {
      const target = answered.length + 10;
      const clients = Array.from({ length: CLIENTS }, (_, index) =>
        runClient(servers[index % servers.length]!.url, 1_000 * round + index, answered),
      );
      if (round < kills) {
        await expect.poll(() => answered.length, { timeout: 20_000, interval: 1 }).toBeGreaterThan(target);
        await Promise.all(servers.map((server) => server.kill()));
        await Promise.all(clients);
        servers = await Promise.all(Array.from({ length: processes }, start));
      } else {
        await Promise.all(clients);
      }
    }
    await Promise.all(servers.map((server) => server.stop()));
    expect(answered.length).toBeGreaterThan(CLIENTS);
    checkHistory(databasePath, answered);
  },
);
