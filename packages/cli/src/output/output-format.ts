/** How a result is shown: `text` is what scripts have always read (spec: ux-ideas §1). */
export const OUTPUT_FORMATS = ['text', 'table', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** The format of that name. */
export function formatNamed(name: string | undefined): OutputFormat | undefined {
  return OUTPUT_FORMATS.find((format) => format === name);
}

/** The format that a command line asks for, without parsing it: for what is wrong with it. */
export function outputFormatOfWords(words: readonly string[], environment: NodeJS.ProcessEnv): OutputFormat {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  if (own.includes('--json')) return 'json';
  const index = own.findLastIndex((word) => word === '--output' || word.startsWith('--output='));
  const value = own[index]?.startsWith('--output=') === true ? own[index].slice('--output='.length) : own[index + 1];
  return (index === -1 ? undefined : formatNamed(value)) ?? formatNamed(environment['SLAPOS_OUTPUT']) ?? 'text';
}
