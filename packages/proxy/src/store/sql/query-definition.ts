import {
  type CompiledQuery,
  type Dialect,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type RawBuilder,
  sql,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

import type { ProxyTables } from '../tables.js';

/** Stands in a compiled query where a value will be. */
class Parameter {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** The databases that a store can be in. */
export type SqlDialect = 'sqlite' | 'postgres';

/** They build and compile, but never run: sessions run prepared statements. */
const BUILDERS: Readonly<Record<SqlDialect, Kysely<ProxyTables>>> = {
  sqlite: compilerOf({
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }),
  postgres: compilerOf({
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new PostgresIntrospector(database),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }),
};

/** What can stand in a place of a query. */
export type SqlValue = string | number | bigint | Uint8Array | null;
type ParameterOf<Args> = <Name extends keyof Args & string>(name: Name) => RawBuilder<Args[Name]>;

/** A query as a database takes it. */
export interface CompiledDefinition<Args> {
  readonly sql: string;
  /** The arguments in the order of the places in `sql`. */
  bind(args: Args): SqlValue[];
}

/** A query that is compiled once for a dialect, at its first use, and run with named arguments. */
export interface QueryDefinition<Args, Row> {
  compiled(dialect: SqlDialect): CompiledDefinition<Args>;
  /** Only for the type: the rows that it gives. */
  readonly row?: Row;
}

type BuildQuery<Args, Row> = (
  database: Kysely<ProxyTables>,
  parameter: ParameterOf<Args>,
  dialect: SqlDialect,
) => { compile(): CompiledQuery<Row> };

/**
 * Defines a query over our tables; `parameter('name')` stands for the argument of that name. What the dialects have no common word for is
 * said in the one that is given.
 */
export function defineQuery<Args extends object, Row>(build: BuildQuery<Args, Row>): QueryDefinition<Args, Row> {
  const known: Partial<Record<SqlDialect, CompiledDefinition<Args>>> = {};
  return {
    compiled(dialect) {
      known[dialect] ??= compileFor(dialect, build);
      return known[dialect];
    },
  };
}

function compileFor<Args extends object, Row>(
  dialect: SqlDialect,
  build: BuildQuery<Args, Row>,
): CompiledDefinition<Args> {
  const query = build(BUILDERS[dialect], (name) => sql`${new Parameter(name)}`, dialect);
  const { sql: text, parameters } = query.compile();
  return { sql: text, bind: (args) => bindAll(parameters, args) };
}

function compilerOf(dialect: Dialect): Kysely<ProxyTables> {
  return new Kysely<ProxyTables>({ dialect });
}

function bindAll(slots: readonly unknown[], args: object): SqlValue[] {
  const values = args as Readonly<Record<string, SqlValue>>;
  return slots.map((slot) => (slot instanceof Parameter ? values[slot.name] : slot) as SqlValue);
}
