import { GridError } from '../errors.js';

// C0 controls, DEL, C1 controls, and the two line separators of Unicode: each can end a line for some reader of the file.
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** Longest URL or path that we write to a profile. */
const MAX_URL_LENGTH = 4096;

/** Whether the URL (or path) of a Software Release can be written to a profile. (spec: security S4) */
export function isSafeUrl(url: string): boolean {
  return url !== '' && url.length <= MAX_URL_LENGTH && !CONTROL_CHARACTER.test(url) && url.trim() === url;
}

/**
 * A value that stays on its line in a buildout profile.
 * @throws GridError `GRID_INVALID_VALUE` for control characters, which could begin another option.
 */
export function checkLine(what: string, value: string): string {
  if (!CONTROL_CHARACTER.test(value)) return value;
  throw new GridError('GRID_INVALID_VALUE', `${what} has a control character: ${JSON.stringify(value)}`, {
    hint: 'It is written to a buildout profile, where a line end would begin another option. Correct it in the configuration or at the master.',
  });
}

/** A value that buildout takes as it is, although it may hold `${…}`, which is a reference otherwise. (spec: security S4) */
export function escapeReferences(value: string): string {
  return value.replaceAll('${', () => '$${');
}
