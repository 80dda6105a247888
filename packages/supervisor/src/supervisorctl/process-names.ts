import type { ProcessInfo } from '../supervisor.js';

/** A process that is called like its group is shown by that name alone. */
export function fullName({ group, name }: { readonly group: string; readonly name: string }): string {
  return group === name ? name : `${group}:${name}`;
}

/** `group:process`; `group:` and `group:*` are the whole group; a bare `x` is the process `x` of the group `x`. */
export function splitName(name: string): [group: string, process: string | undefined] {
  const [group = '', process] = name.split(':', 2);
  if (process === undefined) return [group, group];
  return [group, process === '' || process === '*' ? undefined : process];
}

/**
 * The processes that names stand for: `group:process`, `group:*`, `all`; no names: all.
 * @param complain gets a line for each name that stands for nothing
 */
export function selectProcesses(
  all: readonly ProcessInfo[],
  names: readonly string[],
  complain: (text: string) => void,
): ProcessInfo[] {
  if (names.length === 0 || names.includes('all')) return [...all];
  return names.flatMap((name) => {
    const [group, process] = splitName(name);
    const found = all.filter((info) => info.group === group && (process === undefined || info.name === process));
    if (found.length === 0)
      complain(process === undefined ? `${group}: ERROR (no such group)` : `${name}: ERROR (no such process)`);
    return found;
  });
}
