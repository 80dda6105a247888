/**
 * C0 without tab, DEL, C1, the line and paragraph separators, and the characters that change the direction of the text:
 * what can forge a line of a log, drive a terminal, or make a reader see another text than the machine does.
 */
const UNSAFE_IN_A_LOG = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;

const LONE_SURROGATE = /\p{Surrogate}/gu;
const LAST_ONE_BYTE_CHARACTER = 0xff;

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  return code <= LAST_ONE_BYTE_CHARACTER
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/**
 * Makes text from outside safe for one line of a log or a terminal: control characters but the tab become `\xNN`,
 * direction and line separators `\uNNNN`, lone surrogates U+FFFD. (spec: security S20)
 */
export function escapeControlCharacters(text: string): string {
  return text.replace(LONE_SURROGATE, '\uFFFD').replace(UNSAFE_IN_A_LOG, escapeCharacter);
}
