import { SupervisorError } from '../errors.js';

/** Names of groups and programs that can stand in a configuration without meaning anything else (spec: supervisor §3, security S4). */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** @throws SupervisorError `SUPERVISOR_INVALID_PROGRAM` */
export function checkName(kind: string, name: string): void {
  if (NAME.test(name)) return;
  throw new SupervisorError(
    'SUPERVISOR_INVALID_PROGRAM',
    `${JSON.stringify(name)} cannot be the name of a ${kind}: expected letters, digits and ._+@-, at most 128`,
  );
}

/**
 * A value as supervisord reads it back: `%` doubled, since it begins an expansion.
 * @throws SupervisorError `SUPERVISOR_INVALID_PROGRAM` for control characters, which would begin another line, and for `;` behind a blank,
 *   which begins a comment
 */
export function configurationValue(value: string): string {
  if (CONTROL_CHARACTER.test(value) || /\s[;#]/.test(value)) {
    throw new SupervisorError(
      'SUPERVISOR_INVALID_PROGRAM',
      `${JSON.stringify(value)} cannot be written to a supervisor's configuration`,
      { hint: 'Use no control characters, and no ";" or "#" behind a blank.' },
    );
  }
  return value.replaceAll('%', '%%');
}

/** One word of a command line, in the shell's way, which is how supervisord splits it. */
export function quoteWord(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
