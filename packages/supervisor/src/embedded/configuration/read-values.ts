import os from 'node:os';
import { ConfigurationError } from './configuration-error.js';

const TRUE_WORDS = new Set(['yes', 'true', 'on', '1']);
const FALSE_WORDS = new Set(['no', 'false', 'off', '0']);
const BYTE_UNITS: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };
const NAME = /^[^\s:/]+$/;
const MAX_MODE = 0o7777;

export function readBoolean(text: string, where: string): boolean {
  const word = text.trim().toLowerCase();
  if (TRUE_WORDS.has(word)) return true;
  if (FALSE_WORDS.has(word)) return false;
  throw new ConfigurationError(`${where}: not a valid boolean value: ${JSON.stringify(text)} (expected true or false)`);
}

export function readInteger(text: string, where: string): number {
  if (!/^-?\d{1,10}$/.test(text.trim())) {
    throw new ConfigurationError(`${where}: not a whole number: ${JSON.stringify(text)}`);
  }
  return Number(text.trim());
}

/** Bytes, or a number with KB, MB or GB behind it. */
export function readByteSize(text: string, where: string): number {
  const match = /^(\d{1,12})\s*(KB|MB|GB)?$/i.exec(text.trim());
  if (!match)
    throw new ConfigurationError(`${where}: not a size: ${JSON.stringify(text)} (expected such as 1024, 100KB, 50MB)`);
  return Number(match[1]) * (BYTE_UNITS[(match[2] ?? '').toUpperCase()] ?? 1);
}

export function readOctal(text: string, where: string): number {
  const mode = /^(?:0o)?[0-7]{1,5}$/.test(text.trim())
    ? Number.parseInt(text.trim().replace(/^0o/, ''), 8)
    : Number.NaN;
  if (!(mode <= MAX_MODE)) throw new ConfigurationError(`${where}: not an octal number: ${JSON.stringify(text)}`);
  return mode;
}

/** `TERM`, `SIGTERM` or `15`. */
export function readSignal(text: string): NodeJS.Signals | undefined {
  const word = text.trim().toUpperCase();
  const entries = Object.entries(os.constants.signals);
  const found = /^\d+$/.test(word)
    ? entries.find(([, number]) => number === Number(word))
    : entries.find(([name]) => name === word || name === `SIG${word}`);
  return found?.[0] as NodeJS.Signals | undefined;
}

/** Exit codes between commas. */
export function readExitCodes(text: string, where: string): readonly number[] {
  return text
    .split(',')
    .map((code) => code.trim())
    .filter((code) => code !== '')
    .map((code) => {
      const number = readInteger(code, where);
      if (number < 0 || number > 255) throw new ConfigurationError(`${where}: not an exit code: ${code}`);
      return number;
    });
}

/** Names of groups and processes: no blank, `:` or `/`. */
export function checkConfigurationName(name: string, where: string): string {
  if (!NAME.test(name)) {
    throw new ConfigurationError(
      `${where}: Invalid name: ${JSON.stringify(name)} because of a character: a blank, ":" or "/"`,
    );
  }
  return name;
}

/** Words as a shell splits them; nothing is expanded. `undefined` when a quotation is not closed. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote !== undefined) {
      const next = text[index + 1];
      if (character === quote) quote = undefined;
      else if (character === '\\' && quote === '"' && (next === '"' || next === '\\')) {
        word = `${word ?? ''}${next}`;
        index += 1;
      } else word = `${word ?? ''}${character}`;
    } else if (character === '"' || character === "'") {
      quote = character;
      word ??= '';
    } else if (character === '\\') {
      index += 1;
      if (index === text.length) return undefined;
      word = (word ?? '') + (text[index] ?? '');
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) return undefined;
  if (word !== undefined) words.push(word);
  return words;
}

/** `A="x, y",B=z`: pairs between commas, quoted as in a shell. */
export function readEnvironment(text: string, where: string): Readonly<Record<string, string>> {
  const environment: Record<string, string> = Object.create(null) as Record<string, string>;
  // A comma outside of quotation marks separates pairs.
  for (const [pair] of text.matchAll(/(?:"(?:[^"\\]|\\.)*"|'[^']*'|[^,"'])+/g)) {
    if (pair.trim() === '') continue;
    const equals = pair.indexOf('=');
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    const words = splitWords(pair.slice(equals + 1));
    if (!/^[^\s"'=]+$/.test(name) || words === undefined) {
      throw new ConfigurationError(
        `${where}: Unexpected end of key/value pairs in value ${JSON.stringify(text)} (expected NAME="value",…)`,
      );
    }
    environment[name] = words.join(' ');
  }
  return environment;
}
