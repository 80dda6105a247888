import { CliError } from '../errors.js';

/** A value of a configuration file, and where it stands. */
export interface ConfigEntry {
  /** As it is written, before interpolation; lines of a longer value are joined by newlines. */
  readonly raw: string;
  /** Line of its key, counted from 1. */
  readonly line: number;
}

/** A configuration file as it is written. */
export interface RawConfig {
  readonly file: string;
  /** Keys are in lower case. `[DEFAULT]` is not among them. */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, ConfigEntry>>;
  /** The keys of `[DEFAULT]`, which every section has. */
  readonly defaults: ReadonlyMap<string, ConfigEntry>;
}

const DEFAULT_SECTION = 'DEFAULT';
const BYTE_ORDER_MARK = '\uFEFF';

/** What Python takes for white space: a few control characters more than JavaScript does. */
const SPACE = '[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const LEADING_SPACE = new RegExp(`^${SPACE}+`);
const TRAILING_SPACE = new RegExp(`${SPACE}+$`);

function trimmed(text: string): string {
  return text.replace(LEADING_SPACE, '').replace(TRAILING_SPACE, '');
}

interface OpenEntry {
  readonly indentation: number;
  readonly lines: string[];
  readonly line: number;
}

/**
 * Reads the dialect of Python's ConfigParser (spec: config §1.1): indented lines continue a value, comments stand on lines of their own, a
 * section or key that is given twice is an error.
 * @param file path, for messages
 * @throws CliError `CLI_CONFIGURATION` that names file and line
 */
export function parseConfig(text: string, file: string): RawConfig {
  return new ConfigReader(file).read(text);
}

class ConfigReader {
  readonly #file: string;
  readonly #sections = new Map<string, Map<string, ConfigEntry>>();
  readonly #defaults = new Map<string, ConfigEntry>();
  readonly #broken: string[] = [];
  #section: Map<string, ConfigEntry> | undefined;
  #sectionName = '';
  #key: string | undefined;
  #entry: OpenEntry | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  read(text: string): RawConfig {
    const content = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
    for (const [index, line] of content.split(/\r\n|\n|\r/).entries()) this.#line(line, index + 1);
    this.#close();
    if (this.#broken.length > 0) {
      throw this.#error(
        `Source contains parsing errors: ${this.#file}\n${this.#broken.join('\n')}`,
        'Write KEY = VALUE, indent what continues a value, begin comments with #.',
      );
    }
    return { file: this.#file, sections: this.#sections, defaults: this.#defaults };
  }

  #line(line: string, number: number): void {
    const content = trimmed(line);
    if (content.startsWith('#') || content.startsWith(';')) return;
    if (content === '') {
      // An empty line inside a value is kept; those behind it are dropped when it is closed.
      this.#entry?.lines.push('');
      return;
    }
    const indentation = line.length - line.replace(LEADING_SPACE, '').length;
    if (this.#entry !== undefined && indentation > this.#entry.indentation) {
      this.#entry.lines.push(content);
      return;
    }
    this.#close();
    // The name runs to the last bracket, so that it may hold an IPv6 address.
    const header = /^\[(.+)\]/.exec(content)?.[1];
    if (header !== undefined) this.#beginSection(header, number);
    else this.#beginEntry(content, indentation, number);
  }

  #beginSection(name: string, number: number): void {
    this.#sectionName = name;
    if (name === DEFAULT_SECTION) {
      this.#section = this.#defaults;
      return;
    }
    if (this.#sections.has(name)) {
      throw this.#error(
        `While reading from ${quoted(this.#file)} [line ${String(number).padStart(2)}]: section ${quoted(name)} already exists`,
        'Join the two sections.',
      );
    }
    this.#section = new Map();
    this.#sections.set(name, this.#section);
  }

  #beginEntry(content: string, indentation: number, number: number): void {
    if (this.#section === undefined) {
      throw this.#error(
        `File contains no section headers.\nfile: ${quoted(this.#file)}, line: ${number}\n${JSON.stringify(content)}`,
        'Begin the file with a section, such as [slapos].',
      );
    }
    const delimiter = content.search(/[=:]/);
    const key = content.slice(0, Math.max(delimiter, 0)).replace(TRAILING_SPACE, '').toLowerCase();
    if (delimiter === -1 || key === '') {
      this.#broken.push(`\t[line ${String(number).padStart(2)}]: ${JSON.stringify(content)}`);
      return;
    }
    if (this.#section.has(key)) {
      throw this.#error(
        `While reading from ${quoted(this.#file)} [line ${String(number).padStart(2)}]: option ${quoted(key)} in section ${quoted(this.#sectionName)} already exists`,
        'Keep one of the two lines.',
      );
    }
    this.#key = key;
    this.#entry = { indentation, lines: [trimmed(content.slice(delimiter + 1))], line: number };
    this.#section.set(key, { raw: '', line: number });
  }

  #close(): void {
    const entry = this.#entry;
    if (entry === undefined || this.#key === undefined) return;
    while (entry.lines.length > 1 && entry.lines.at(-1) === '') entry.lines.pop();
    this.#section?.set(this.#key, { raw: entry.lines.join('\n'), line: entry.line });
    this.#entry = undefined;
    this.#key = undefined;
  }

  #error(message: string, hint: string): CliError {
    return new CliError('CLI_CONFIGURATION', message, { hint });
  }
}

function quoted(text: string): string {
  return `'${text}'`;
}
