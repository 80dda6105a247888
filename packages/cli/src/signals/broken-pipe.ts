/**
 * A reader that has seen enough, such as `head`, ends the command quietly; a log that nobody reads any more ends nothing: a pass goes on
 * when the terminal it was started from is gone.
 * @param stop is aborted when nobody reads the results any more
 */
export function quietBrokenPipes(stop: AbortController): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (!isBrokenPipe(error)) throw error;
    stop.abort(new BrokenPipeError());
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!isBrokenPipe(error)) throw error;
  });
}

/** Why a command was ended whose results nobody reads. */
export class BrokenPipeError extends Error {
  override readonly name = 'BrokenPipeError';

  constructor() {
    super('Nobody reads the results any more');
  }
}

/** A terminal that is gone gives `EIO`. */
function isBrokenPipe({ code }: NodeJS.ErrnoException): boolean {
  return code === 'EPIPE' || code === 'EIO';
}
