import { ProxyError } from '../../errors.js';
import { shownDatabaseUri } from './database-uri.js';

/** SQLSTATE: five capital letters and digits. */
const SQLSTATE = /^[0-9A-Z]{5}$/;
const UNIQUE_VIOLATION = '23505';
/** A text holds what the database cannot keep: U+0000, which XML cannot hold either. */
const INVALID_TEXT = new Set(['22021', '22P05']);
/** A name or URL does not fit into an index: it has more than some 2,700 bytes. */
const TOO_LONG = '54000';

const HINTS: Readonly<Record<string, string>> = {
  '25P03': 'This program was stopped for too long in the middle of a change; the change was undone. Try again.',
  '28000': 'Check the user of database_uri, and who may connect in pg_hba.conf.',
  '28P01': 'Check the user and the password of database_uri, or give the password in ~/.pgpass.',
  '3D000': 'Make it (createdb), or check the name at the end of database_uri.',
  '42501': 'The user of database_uri needs the right to make tables in its schema: GRANT CREATE ON SCHEMA public TO …',
  '53100': 'The disk of the database server is full: free some space, then try again.',
  '53300': 'Raise max_connections of the database server, or run fewer processes on it.',
  '55P03': 'Another process holds the database for too long: look at pg_stat_activity, then try again.',
};

/** Whether a change failed because there is such a row already. */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === UNIQUE_VIOLATION;
}

/** Turns a failure of PostgreSQL, or of the connection to it, into a ProxyError; passes other errors through. */
export function postgresError(error: unknown): unknown {
  if (error instanceof ProxyError || !(error instanceof Error)) return error;
  const state = sqlStateOf(error);
  if (state !== undefined && INVALID_TEXT.has(state)) {
    return new ProxyError(
      'PROXY_INVALID_REQUEST',
      'A text holds the character U+0000, which the database cannot keep',
      {
        cause: error,
      },
    );
  }
  if (state === TOO_LONG) {
    return new ProxyError('PROXY_INVALID_REQUEST', 'A name or a URL is too long for the database', {
      cause: error,
      hint: 'PostgreSQL takes names and URLs of up to some 2,700 bytes.',
    });
  }
  if (state === undefined && !isConnectionFailure(error)) return error;
  return new ProxyError('PROXY_DATABASE_FAILED', `The database did not take a request: ${error.message}`, {
    cause: error,
    retryable: true,
    hint: HINTS[state ?? ''] ?? 'Look at the database server and its log, then try again.',
  });
}

/** What is thrown when a database cannot be opened. */
export function cannotOpen(error: unknown, databaseUri: string): unknown {
  if (error instanceof ProxyError) return error;
  const state = sqlStateOf(error);
  const reason = error instanceof Error ? reasonOf(error) : String(error);
  return new ProxyError(
    'PROXY_DATABASE_FAILED',
    `Cannot open the database ${JSON.stringify(shownDatabaseUri(databaseUri))}: ${reason}`,
    {
      cause: error,
      retryable: state === undefined,
      hint:
        HINTS[state ?? ''] ??
        'database_uri has the form postgresql://USER@HOST:PORT/DATABASE, or postgresql:///DATABASE?host=FOLDER for a Unix socket; is the server running?',
    },
  );
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && SQLSTATE.test(error.code)
    ? error.code
    : undefined;
}

/** A host with several addresses fails once for each, and the error that holds them says nothing itself. */
function reasonOf(error: Error): string {
  return error instanceof AggregateError && error.message === '' ? String(error.errors[0]) : error.message;
}

function isConnectionFailure(error: Error): boolean {
  return (
    ('syscall' in error && 'code' in error) ||
    error instanceof AggregateError ||
    /connection (?:terminated|ended)|client has encountered a connection error|timeout (?:exceeded|expired)/i.test(
      error.message,
    )
  );
}
