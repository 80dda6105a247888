/**
 * Fills values into a template: every line that begins with one of the keys, in any section or only in the one that is named; lines that are
 * comments stay (spec: cli §3.11, config §5). `undefined` takes the line out.
 * @param values by key, or by `section.key` for that section only
 */
export function fillTemplate(template: string, values: Readonly<Record<string, string | undefined>>): string {
  let section = '';
  return template
    .split('\n')
    .flatMap((line) => {
      section = /^\[([^\]]+)\]/.exec(line)?.[1] ?? section;
      const key = /^([^\s=#][^=]*?) *=/.exec(line)?.[1];
      if (key === undefined) return [line];
      const name = [`${section}.${key}`, key].find((candidate) => Object.hasOwn(values, candidate));
      if (name === undefined) return [line];
      const value = values[name];
      return value === undefined ? [] : [`${key} = ${value.replaceAll('%', '%%')}`];
    })
    .join('\n');
}

/** Makes a commented sample of a key a value. */
export function uncomment(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/^# ([a-z_-]+) = .*$/gm, (line, key: string) => {
    const value = values[key];
    return value === undefined ? line : `${key} = ${value.replaceAll('%', '%%')}`;
  });
}
