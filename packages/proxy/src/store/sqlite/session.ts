import type { Database, Statement } from 'better-sqlite3';

import type { CompiledDefinition, QueryDefinition } from './prepared-query.js';

interface PreparedStatement<Args> {
  readonly statement: Statement;
  readonly compiled: CompiledDefinition<Args>;
}

/** One connection, with the statements that were prepared on it. */
export class SqliteSession {
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

  /** Row by row; nothing else may use the connection before it ends. */
  iterate<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): IterableIterator<Row> {
    const { statement, compiled } = this.#prepare(query);
    return statement.iterate(...compiled.bind(args)) as IterableIterator<Row>;
  }

  /** Runs a change and returns how many rows it changed. */
  run<Args>(query: QueryDefinition<Args, unknown>, args: Args): number {
    const { statement, compiled } = this.#prepare(query);
    return statement.run(...compiled.bind(args)).changes;
  }

  #prepare<Args>(query: QueryDefinition<Args, unknown>): PreparedStatement<Args> {
    const known = this.#statements.get(query);
    if (known !== undefined) return known;
    const compiled = query.compiled();
    const prepared = { statement: this.database.prepare(compiled.sql), compiled };
    this.#statements.set(query, prepared);
    return prepared;
  }
}
