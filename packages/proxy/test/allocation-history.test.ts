import { join } from 'node:path';

import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createProxy, isPostgresUri } from '../src/index.js';
import { type Arena, type Holding, InstanceOwner } from './support/instance-owner.js';
import { type PostgresServer, startPostgres } from './support/postgres-server.js';
import { Random } from './support/random.js';
import { bundleProgram, type ServerProcess, startServerProcess, temporaryFolder } from './support/server-process.js';
import { formatForm, post } from './support/slap-calls.js';

const COMPUTER = 'COMP-1';
const OWNERS = 16;
const NAMES_OF_OWNER = 12;
/** Fewer than there are names, so that owners wait for what others free. */
const PARTITIONS = 160;
const ABANDON_CHANCE = 0.01;
/** `npm run torture -w @slapos/proxy` does many more histories, and one of full length. */
const IS_TORTURE = process.env['SLAPOS_TORTURE'] !== undefined;
const SEEDS = Number(process.env['SLAPOS_TORTURE_SEEDS'] ?? (IS_TORTURE ? 100 : 1));
const CALLS_OF_OWNER = IS_TORTURE ? 100 : 40;
const CALLS_OF_OWNER_AT_LENGTH = 10_000;
const HOUR_MS = 3_600_000;

let program: string;
let postgres: PostgresServer;
beforeAll(async () => {
  [program, postgres] = await Promise.all([bundleProgram('server'), startPostgres()]);
}, 60_000);
afterAll(() => postgres[Symbol.asyncDispose]());

interface History {
  readonly seed: number;
  readonly database: 'file' | 'PostgreSQL';
  readonly processes: number;
  readonly kills: number;
  readonly callsOfOwner: number;
}

/** Lets the owners live on servers that are killed and started again, and checks what they were told and what is left. */
async function liveThrough({
  seed,
  database,
  processes,
  kills,
  callsOfOwner,
}: History): Promise<{ readonly answered: number }> {
  using folder = temporaryFolder();
  const databasePath =
    database === 'file'
      ? join(folder.path, 'proxy.db')
      : await postgres.createDatabase(`history-${seed}-${processes}-${kills}-${callsOfOwner}`);
  const start = () => startServerProcess(program, databasePath, COMPUTER);
  const first = await start();
  await post(fetch, `${first.url}/loadComputerConfigurationFromXML`, formatForm(COMPUTER, PARTITIONS));
  const servers: Promise<ServerProcess>[] = [
    Promise.resolve(first),
    ...Array.from({ length: processes - 1 }, () => start()),
  ];
  const arena: Arena = {
    computerId: COMPUTER,
    holdings: [],
    answered: 0,
    abandonChance: ABANDON_CHANCE,
    serverUrl: async (owner) => (await servers[owner % processes]!).url,
  };
  const owners = Array.from(
    { length: OWNERS },
    (_, number) => new InstanceOwner(arena, number, { seed, names: NAMES_OF_OWNER }),
  );
  let isOver = false;
  const lives = Promise.all(owners.map((owner) => owner.run(callsOfOwner))).finally(() => {
    isOver = true;
  });
  const random = new Random(seed);
  const expected = OWNERS * callsOfOwner;
  const killing = (async () => {
    for (let kill = 1; kill <= kills; kill += 1) {
      const target = (expected * kill) / (kills + 1);
      await expect.poll(() => isOver || arena.answered >= target, { timeout: HOUR_MS, interval: 1 }).toBe(true);
      const isAll = random.chance(0.5);
      for (const [index, server] of servers.entries()) {
        if (!isAll && index !== kill % processes) continue;
        servers[index] = server.then((running) => running.kill()).then(start);
      }
    }
  })();
  try {
    await Promise.all([lives, killing]);
  } finally {
    for (const owner of owners) owner[Symbol.dispose]();
    await Promise.all(servers.map(async (server) => (await server).stop()));
  }
  expectNoneTwice(arena.holdings);
  expectAsKnown(await contentOf(databasePath), owners);
  return { answered: arena.answered };
}

/** Nobody got a partition that somebody else certainly had. */
function expectNoneTwice(holdings: readonly Holding[]): void {
  const inOrder = holdings.toSorted(
    (one, other) => one.partitionId.localeCompare(other.partitionId) || one.from - other.from,
  );
  for (const [index, holding] of inOrder.entries()) {
    const next = inOrder[index + 1];
    if (next?.partitionId !== holding.partitionId) continue;
    const place = `${holding.partitionId} was given to ${next.name} while ${holding.name} had it`;
    expect(next.from, place).toBeGreaterThanOrEqual(holding.until);
  }
}

interface Row {
  readonly partitionId: string;
  readonly name: string;
  readonly root: string;
  readonly requestedState: string;
  readonly parameters: string;
  readonly connection: string | null;
}

/** What the servers left, when all have ended. */
async function contentOf(databasePath: string): Promise<Database.Database> {
  if (!isPostgresUri(databasePath)) return new Database(databasePath);
  await using proxy = await createProxy({ databasePath, computerId: COMPUTER });
  return new Database(Buffer.from(await proxy.snapshot()));
}

/** What was acknowledged is in the database as it was acknowledged, and nothing else is. */
function expectAsKnown(database: Database.Database, owners: readonly InstanceOwner[]): void {
  expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
  const rows = database
    .prepare<[], Row>(
      `SELECT reference AS partitionId, partition_reference AS name, requested_by AS root, requested_state AS requestedState, xml AS parameters,
         connection_xml AS connection FROM partition17 WHERE slap_state = 'busy'`,
    )
    .all();
  database.close();
  const rowOf = new Map(rows.map((row) => [`${row.root}/${row.name}`, row]));
  expect(rowOf.size, 'a name has two partitions').toBe(rows.length);
  for (const [name, known] of owners.flatMap((owner) => [...owner.instances])) {
    const row = rowOf.get(`/${name}`);
    rowOf.delete(`/${name}`);
    switch (known.status) {
      case 'absent':
        expect(row, `${name} was freed`).toBeUndefined();
        break;
      case 'given up':
        if (row !== undefined) expect(row.partitionId, name).toBe(known.partitionId);
        // Its child may be left with it.
        rowOf.delete(`${name}/child`);
        break;
      case 'held': {
        expect(row, `${name} was lost`).toMatchObject({
          partitionId: known.holding.partitionId,
          requestedState: known.requestedState,
        });
        expect(row!.parameters).toContain(`<parameter id="size">${known.size}</parameter>`);
        if (known.url !== undefined) expect(row!.connection).toContain(known.url);
        const child = rowOf.get(`${name}/child`);
        rowOf.delete(`${name}/child`);
        if (known.child === undefined) expect(child, `the child of ${name}`).toBeUndefined();
        else if (known.child !== 'unsure') expect(child?.partitionId).toBe(known.child.partitionId);
        break;
      }
      case 'unsure':
        break;
    }
  }
  expect([...rowOf.keys()], 'nobody asked for them').toEqual([]);
}

const seeds = Array.from({ length: SEEDS }, (_, index) => index + 1);

test.each([
  { where: 'in one process', database: 'file', processes: 1, kills: 0 },
  { where: 'in two processes on one file', database: 'file', processes: 2, kills: 0 },
  { where: 'in processes that are killed and started again', database: 'file', processes: 2, kills: 3 },
  { where: 'in three processes on PostgreSQL', database: 'PostgreSQL', processes: 3, kills: 0 },
  { where: 'in three processes on PostgreSQL that are killed', database: 'PostgreSQL', processes: 3, kills: 3 },
] as const)('what owners are told $where is true, and stays so', { timeout: HOUR_MS }, async (history) => {
  for (const seed of seeds) {
    const { answered } = await liveThrough({ seed, ...history, callsOfOwner: CALLS_OF_OWNER });
    expect(answered).toBeGreaterThan((OWNERS * CALLS_OF_OWNER) / 2);
  }
});

// An hour of life cannot be had in a suite that everybody runs.
if (IS_TORTURE) {
  test.each([
    { database: 'file', processes: 2 },
    { database: 'PostgreSQL', processes: 3 },
  ] as const)(
    'a history of full length in $database, with a hundred kills',
    { timeout: 6 * HOUR_MS },
    async (place) => {
      const { answered } = await liveThrough({
        seed: 1_000,
        ...place,
        kills: 100,
        callsOfOwner: CALLS_OF_OWNER_AT_LENGTH,
      });
      // The rest is what was given up, or cut off by a kill.
      expect(answered).toBeGreaterThan(OWNERS * CALLS_OF_OWNER_AT_LENGTH * 0.9);
    },
  );
}
