import type { Database, Statement } from 'better-sqlite3';

import type { CompiledDefinition, QueryDefinition } from '../sql/query-definition.js';
import type { SqlSession } from '../sql/sql-session.js';

interface PreparedStatement<Args> {
  readonly statement: Statement;
  readonly compiled: CompiledDefinition<Args>;
}

/** One connection, with the statements that were prepared on it. */
export class SqliteSession implements SqlSession {
  readonly database: Database;
  readonly #plain = new Map<string, Statement>();
  readonly #statements = new Map<object, PreparedStatement<never>>();
  #totalChanges: Statement | undefined;
  #dataVersion: Statement | undefined;

  constructor(database: Database) {
    this.database = database;
  }

  all<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): Row[] {
    const { statement, compiled } = this.#prepare(query);
    return statement.all(...compiled.bind(args)) as Row[];
  }

  get<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): Row | undefined {
    const { statement, compiled } = this.#prepare(query);
    return statement.get(...compiled.bind(args)) as Row | undefined;
  }

  /** Runs a statement without rows and arguments, such as `COMMIT`. */
  execute(sql: string): void {
    let statement = this.#plain.get(sql);
    if (statement === undefined) {
      statement = this.database.prepare(sql);
      this.#plain.set(sql, statement);
    }
    statement.run();
  }

  /** How many rows were changed over this connection since it was opened. */
  totalChanges(): number {
    this.#totalChanges ??= this.database.prepare('SELECT total_changes()').pluck();
    return this.#totalChanges.get() as number;
  }

  /** Another number after each change that another connection made. */
  dataVersion(): number {
    this.#dataVersion ??= this.database.prepare('PRAGMA data_version').pluck();
    return this.#dataVersion.get() as number;
  }

  each<Args, Row>(query: QueryDefinition<Args, Row>, args: Args, visit: (row: Row) => void): void {
    const { statement, compiled } = this.#prepare(query);
    for (const row of statement.iterate(...compiled.bind(args))) visit(row as Row);
  }

  run<Args>(query: QueryDefinition<Args, unknown>, args: Args): number {
    const { statement, compiled } = this.#prepare(query);
    return statement.run(...compiled.bind(args)).changes;
  }

  isDuplicate(error: unknown): boolean {
    return error instanceof Error && 'code' in error && error.code === 'SQLITE_CONSTRAINT_UNIQUE';
  }

  #prepare<Args>(query: QueryDefinition<Args, unknown>): PreparedStatement<Args> {
    const known = this.#statements.get(query);
    if (known !== undefined) return known;
    const compiled = query.compiled('sqlite');
    const prepared = { statement: this.database.prepare(compiled.sql), compiled };
    this.#statements.set(query, prepared);
    return prepared;
  }
}
