const SECTION = /^\[([^\]]+)\][ \t]*$/;
const OPTION = /^([^\s=:#;][^=:]*?)[ \t]*[=:][ \t]*(.*)$/;
/** How buildout writes blanks that would be lost: `%(__buildout_space_n__)s` and the like. */
const SPACES: Readonly<Record<string, string>> = {
  '%(__buildout_space__)s': ' ',
  '%(__buildout_space_n__)s': '\n',
  '%(__buildout_space_r__)s': '\r',
  '%(__buildout_space_f__)s': '\f',
  '%(__buildout_space_v__)s': '\v',
};

/** A part as buildout has installed it: its name, and its options with all references replaced. */
export interface InstalledPart {
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

/**
 * Reads `.installed.cfg`, which buildout writes beside a profile when it has installed it, in the order of the file; its own section is left
 * out. What is no option is skipped, as buildout does with comments.
 */
export function readInstalledList(text: string): InstalledPart[] {
  const parts = new Map<string, Map<string, string>>();
  let options: Map<string, string> | undefined;
  let key: string | undefined;
  for (const line of text.split('\n')) {
    const section = SECTION.exec(line)?.[1]?.trim();
    if (section !== undefined) {
      options = parts.get(section) ?? new Map<string, string>();
      parts.set(section, options);
      key = undefined;
    } else if (/^[ \t]/.test(line) && key !== undefined) {
      options?.set(key, `${options.get(key) ?? ''}\n${unescapeSpaces(line.trim())}`);
    } else {
      const [, name, value = ''] = OPTION.exec(line) ?? [];
      key = name;
      if (name !== undefined) options?.set(name, unescapeSpaces(value.trim()));
    }
  }
  parts.delete('buildout');
  return [...parts].map(([name, values]) => ({ name, options: values }));
}

function unescapeSpaces(value: string): string {
  return value.includes('%(__buildout_space')
    ? value.replace(/%\(__buildout_space(?:_[nrfv])?__\)s/g, (escape) => SPACES[escape] ?? escape)
    : value;
}
