const SCHEMES = ['postgres:', 'postgresql:'];
const HIDDEN = '***';

/** Whether a `database_uri` names a PostgreSQL database, not a file (spec: ours). */
export function isPostgresUri(databaseUri: string): boolean {
  return SCHEMES.some((scheme) => databaseUri.startsWith(`${scheme}//`));
}

/** A `database_uri` as it may be shown and logged: without its password. */
export function shownDatabaseUri(databaseUri: string): string {
  if (!isPostgresUri(databaseUri)) return databaseUri;
  return databaseUri
    .replace(/^(\w+:\/\/[^:@/?]*):[^@/]*@/, `$1:${HIDDEN}@`)
    .replace(/([?&]password=)[^&]*/, `$1${HIDDEN}`);
}
