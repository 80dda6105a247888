import { userInfo } from 'node:os';

import type { Logger } from '@slapos/slap';
import pg from 'pg';

/** Reads beside each other, and one change at a time. */
const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
/** How long a change waits for those of other processes. */
const LOCK_TIMEOUT_MS = 20_000;
/** How long a process that hangs in the middle of a change, or lost its network, keeps the others waiting. */
const HANGING_TIMEOUT_MS = 15_000;

/** The connections of a process; those that break are replaced when one is needed. */
export function openPool(connection: pg.PoolConfig, logger: Logger): pg.Pool {
  const pool = new pg.Pool(connection);
  const warn = (error: Error) => logger.warn('A connection to the database broke', { error: error.message });
  pool.on('error', warn);
  // What breaks while it is in use tells its queries; without a listener it would also end the process.
  pool.on('connect', (client) => client.on('error', warn));
  return pool;
}

/** How our connections are made. */
export function connectionOptions(databaseUri: string, { durable }: { readonly durable: boolean }): pg.PoolConfig {
  // As libpq does it; services have no USER in their environment.
  pg.defaults.user ??= userInfo().username;
  return {
    connectionString: databaseUri,
    max: MAX_CONNECTIONS,
    application_name: 'slapos-proxy',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    lock_timeout: LOCK_TIMEOUT_MS,
    idle_in_transaction_session_timeout: HANGING_TIMEOUT_MS,
    types: { getTypeParser: typeParser },
    ...(durable ? {} : { options: '-c synchronous_commit=off' }),
  };
}

/** Counts and ids are below 2⁵³ here. */
const typeParser: typeof pg.types.getTypeParser = (type, format): unknown =>
  type === pg.types.builtins.INT8 && format !== 'binary' ? Number : pg.types.getTypeParser(type, format);
