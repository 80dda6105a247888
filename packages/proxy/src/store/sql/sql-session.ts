import type { QueryDefinition } from './query-definition.js';

/** Some databases answer at once, others later. */
export type Eventually<T> = T | Promise<T>;

/** One connection to a database, as the questions and changes of a store use it. */
export interface SqlSession {
  all<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): Eventually<Row[]>;
  /** The first row. */
  get<Args, Row>(query: QueryDefinition<Args, Row>, args: Args): Eventually<Row | undefined>;
  /** Row by row; nothing else may use the connection before it ends. */
  each<Args, Row>(query: QueryDefinition<Args, Row>, args: Args, visit: (row: Row) => void): Eventually<void>;
  /** Runs a change and gives how many rows it changed. */
  run<Args>(query: QueryDefinition<Args, unknown>, args: Args): Eventually<number>;
  /** Whether a change failed because there is such a row already. */
  isDuplicate(error: unknown): boolean;
}
