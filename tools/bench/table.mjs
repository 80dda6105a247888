/** @import { CaseResult } from './measure.mjs' */

/**
 * What one benchmark measured, as `--json` prints it.
 *
 * @typedef {object} BenchmarkReport
 * @property {string} name
 * @property {string} row
 * @property {string} description
 * @property {ReturnType<typeof import('./measure.mjs').machineDescription>} machine
 * @property {CaseResult[]} cases
 */

const COLUMNS = ['row', 'benchmark', 'case', 'median ms', '±%', 'goal ms', '', 'figures'];
const COMPARED_COLUMNS = ['earlier ms', 'change'];
const NUMERIC = new Set(['median ms', '±%', 'goal ms', 'earlier ms', 'change']);

/** A change that is smaller than both spreads together says nothing. */
const NOISE = 'within spread';

/** @param {Record<string, number>} record */
export function pairs(record) {
  return Object.entries(record)
    .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
    .join(', ');
}

/** @param {number} value milliseconds */
function milliseconds(value) {
  return value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 3 : 1 });
}

/**
 * How much faster or slower a case has become.
 *
 * @param {CaseResult} now
 * @param {CaseResult} earlier
 */
export function describeChange(now, earlier) {
  const percent = ((now.medianMs - earlier.medianMs) / earlier.medianMs) * 100;
  if (Math.abs(percent) <= now.spreadPercent + earlier.spreadPercent) return NOISE;
  return `${percent > 0 ? '+' : '−'}${Math.abs(percent).toFixed(1)} %`;
}

/**
 * The table of all that was measured, one line for each case, beside an earlier run if one is given.
 *
 * @param {readonly BenchmarkReport[]} reports
 * @param {readonly BenchmarkReport[]} [earlier]
 */
export function formatTable(reports, earlier) {
  const header = earlier === undefined ? COLUMNS : [...COLUMNS.slice(0, -1), ...COMPARED_COLUMNS, ...COLUMNS.slice(-1)];
  const rows = reports.flatMap((report) => report.cases.map((one) => tableRow(report, one, earlier)));
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  return [header, ...rows]
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return NUMERIC.has(header[column] ?? '') ? cell.padStart(width) : cell.padEnd(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * @param {BenchmarkReport} report
 * @param {CaseResult} one
 * @param {readonly BenchmarkReport[] | undefined} earlier
 */
function tableRow(report, one, earlier) {
  const cells = [
    report.row,
    report.name,
    `${one.label}${Object.keys(one.sizes).length > 0 ? ` (${pairs(one.sizes)})` : ''}`,
    milliseconds(one.medianMs),
    one.spreadPercent.toFixed(0),
    one.goalMs === undefined ? '' : milliseconds(one.goalMs),
    one.goalReached === undefined ? '' : one.goalReached ? 'reached' : 'MISSED',
  ];
  if (earlier !== undefined) {
    const before = earlier
      .find(({ name }) => name === report.name)
      ?.cases.find(({ label, sizes }) => label === one.label && pairs(sizes) === pairs(one.sizes));
    cells.push(...(before ? [milliseconds(before.medianMs), describeChange(one, before)] : ['', 'new']));
  }
  return [...cells, one.figures === undefined ? '' : pairs(one.figures)];
}
