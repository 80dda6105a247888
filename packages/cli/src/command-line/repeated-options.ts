import type { OptionFacts } from './command-options.js';

/** Words that belong together: an option, and its value if that is a word of its own. */
interface Span {
  readonly begin: number;
  readonly length: number;
}

/**
 * Of an option that takes one value and is given several times, the last counts (spec: cli §1.1); options that may be repeated stay as
 * they are, and so does what follows `--`.
 * @param words with options in full
 */
export function keepLastOfEach(words: readonly string[], options: readonly OptionFacts[]): string[] {
  const latest = new Map<string, Span>();
  const dropped = new Set<number>();
  for (let index = 0; index < words.length && words[index] !== '--'; index += 1) {
    const word = words[index] ?? '';
    const option = optionOf(word, options);
    if (option?.type !== 'option') continue;
    const span = { begin: index, length: hasValue(word) ? 1 : 2 };
    index += span.length - 1;
    if (option.multiple === true) continue;
    const earlier = latest.get(option.name);
    if (earlier !== undefined) {
      for (let offset = 0; offset < earlier.length; offset += 1) dropped.add(earlier.begin + offset);
    }
    latest.set(option.name, span);
  }
  return words.filter((_, index) => !dropped.has(index));
}

function optionOf(word: string, options: readonly OptionFacts[]): OptionFacts | undefined {
  if (!word.startsWith('--')) {
    const char = /^-([A-Za-z])/.exec(word)?.[1];
    return char === undefined ? undefined : options.find((option) => option.char === char);
  }
  const name = word.slice('--'.length).split('=')[0] ?? '';
  return options.find((option) => option.name === name || option.aliases?.includes(name));
}

/** `--name=value`, `-xvalue`. */
function hasValue(word: string): boolean {
  return word.startsWith('--') ? word.includes('=') : word.length > '-x'.length;
}
