const PART_LINE = /^(?:Installing|Updating|Uninstalling) ([A-Za-z0-9_][^\s]{0,200})\.$/;
/** Buildout's own words about where it failed, after an error. */
const WHILE_LINE = /^\s+(?:Installing|Updating) ([A-Za-z0-9_][^\s]{0,200})\.$/;
const EXCERPT_LINES = 20;

/** The part that a line of buildout says it begins, if it does. */
export function partOfLine(line: string): string | undefined {
  const match = PART_LINE.exec(line);
  return match?.[1];
}

/** Reads the output of a failed buildout: which part failed, and the lines at the end that say why. */
export function explainOutput(output: string): { part?: string; excerpt: string[] } {
  const lines = output.split(/\r?\n/).filter((line) => line.trim() !== '');
  const excerpt = lines.slice(-EXCERPT_LINES);
  const whileAt = lines.lastIndexOf('While:');
  const named = lines
    .slice(whileAt === -1 ? lines.length : whileAt)
    .map((line) => WHILE_LINE.exec(line)?.[1])
    .findLast((part) => part !== undefined);
  const part = named ?? lines.map(partOfLine).findLast((name) => name !== undefined);
  return { excerpt, ...(part === undefined ? {} : { part }) };
}
