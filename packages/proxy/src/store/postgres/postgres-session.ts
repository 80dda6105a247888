import type { ClientBase } from 'pg';

import type { CompiledDefinition, QueryDefinition } from '../sql/query-definition.js';
import type { SqlSession } from '../sql/sql-session.js';
import { isUniqueViolation } from './postgres-errors.js';

interface PreparedQuery {
  /** By this name the server knows the statement. */
  readonly name: string;
  readonly compiled: CompiledDefinition<never>;
}

/** One query is one statement, on whatever connection it runs. */
const prepared = new WeakMap<object, PreparedQuery>();
let preparedCount = 0;

/** One connection; statements are prepared on it when they are first used. */
export class PostgresSession implements SqlSession {
  readonly client: ClientBase;

  constructor(client: ClientBase) {
    this.client = client;
  }

  async all<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): Promise<Row[]> {
    return (await this.#query(query, args)).rows as Row[];
  }

  async get<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): Promise<Row | undefined> {
    return (await this.#query(query, args)).rows[0] as Row | undefined;
  }

  async each<Args, Row>(query: QueryDefinition<Args, Row>, args: Args, visit: (row: Row) => void): Promise<void> {
    for (const row of await this.all(query, args)) visit(row);
  }

  async run<Args>(query: QueryDefinition<Args, unknown>, args: Args): Promise<number> {
    return (await this.#query(query, args)).rowCount ?? 0;
  }

  isDuplicate(error: unknown): boolean {
    return isUniqueViolation(error);
  }

  #query<Args>(query: QueryDefinition<Args, unknown>, args: Args) {
    const { name, compiled } = prepare(query);
    return this.client.query<object>({ name, text: compiled.sql, values: compiled.bind(args as never) });
  }
}

function prepare<Args>(query: QueryDefinition<Args, unknown>): PreparedQuery {
  let known = prepared.get(query);
  if (known === undefined) {
    preparedCount += 1;
    known = { name: `slapos-${preparedCount}`, compiled: query.compiled('postgres') };
    prepared.set(query, known);
  }
  return known;
}
