import {
  type CompiledQuery,
  DummyDriver,
  Kysely,
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

/** Builds and compiles, but never runs: better-sqlite3 runs the prepared statement, without a promise for each row. */
const builder = new Kysely<ProxyTables>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
});

type SqlValue = string | number | bigint | Uint8Array | null;
type ParameterOf<Args> = <Name extends keyof Args & string>(name: Name) => RawBuilder<Args[Name]>;

/** A query as SQLite takes it. */
export interface CompiledDefinition<Args> {
  readonly sql: string;
  /** The arguments in the order of the places in `sql`. */
  bind(args: Args): SqlValue[];
}

/** A query that is compiled once, at its first use, and run with named arguments. */
export interface QueryDefinition<Args, Row> {
  compiled(): CompiledDefinition<Args>;
  /** Only for the type: the rows that it gives. */
  readonly row?: Row;
}

/** Defines a query over our tables; `parameter('name')` stands for the argument of that name. */
export function defineQuery<Args extends object, Row>(
  build: (database: Kysely<ProxyTables>, parameter: ParameterOf<Args>) => { compile(): CompiledQuery<Row> },
): QueryDefinition<Args, Row> {
  let compiled: CompiledDefinition<Args> | undefined;
  return {
    compiled() {
      if (compiled === undefined) {
        const { sql: text, parameters } = build(builder, (name) => sql`${new Parameter(name)}`).compile();
        compiled = { sql: text, bind: (args) => bindAll(parameters, args) };
      }
      return compiled;
    },
  };
}

function bindAll(slots: readonly unknown[], args: object): SqlValue[] {
  const values = args as Readonly<Record<string, SqlValue>>;
  return slots.map((slot) => (slot instanceof Parameter ? values[slot.name] : slot) as SqlValue);
}
