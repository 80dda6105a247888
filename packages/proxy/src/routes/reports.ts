/** Logs of failed builds are long; their end says what went wrong. */
const MAX_KEPT_CHARACTERS = 10_000;

/** A message as it is kept: its end, when it is very long. */
export function keptMessage(message: string | undefined): string {
  return (message ?? '').slice(-MAX_KEPT_CHARACTERS);
}
