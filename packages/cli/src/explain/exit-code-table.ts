/** A row of `slapos help exit-codes`. */
export interface ExitCodeRow {
  readonly code: number;
  readonly name: string;
  /** More lines behind a newline. */
  readonly meaning: string;
}

/** What the exit codes of commands say (spec: ux-ideas §3); a test holds it equal to the codes that there are. */
export const EXIT_CODE_TABLE: readonly ExitCodeRow[] = [
  { code: 0, name: 'OK', meaning: 'done' },
  { code: 1, name: 'FAILED', meaning: 'something failed; see the log' },
  {
    code: 2,
    name: 'USAGE',
    meaning:
      'wrong arguments; also: promises failed (node instance|promise),\nnot posted (node format), not ready / not found (request, service info)',
  },
  { code: 3, name: 'OFFLINE', meaning: 'master unreachable, services kept running' },
  { code: 5, name: 'REFUSED', meaning: 'unknown command, or not root' },
  { code: 6, name: 'HAS_WORK', meaning: 'node plan --exit-code: there is something to do' },
  { code: 10, name: 'BUSY', meaning: 'another slapos process is running' },
  { code: 124, name: 'TIMEOUT', meaning: '--wait / --timeout ran out' },
  { code: 130, name: 'INTERRUPTED', meaning: 'Ctrl-C' },
  { code: 255, name: 'CANNOT_PRUNE', meaning: 'node prune: no shared parts, or a software pass runs' },
];
