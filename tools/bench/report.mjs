/** @param {Record<string, number>} record */
function pairs(record) {
  return Object.entries(record)
    .map(([name, value]) => `${name} ${value.toLocaleString('en')}`)
    .join(', ');
}

/**
 * The figures of a benchmark for a person.
 *
 * @param {{ name: string, row: string, description: string, machine: ReturnType<typeof import('./measure.mjs').machineDescription>, cases: import('./measure.mjs').CaseResult[] }} report
 */
export function formatReport(report) {
  const { machine } = report;
  const lines = [
    `${report.name} (${report.row}): ${report.description}`,
    `Node.js ${machine.node}, ${machine.cores} × ${machine.processor}, ${machine.memoryMegabytes} MB`,
  ];
  for (const one of report.cases) {
    const goal = one.goalMs === undefined ? '' : `; goal ${one.goalMs} ms: ${one.goalReached ? 'reached' : 'MISSED'}`;
    lines.push(
      '',
      one.label,
      `  ${pairs(one.sizes)}`,
      `  median ${one.medianMs} ms of ${one.repetitions} (${one.minMs} to ${one.maxMs}, ± ${one.spreadPercent} %)${goal}`,
    );
    if (one.figures !== undefined) lines.push(`  ${pairs(one.figures)}`);
  }
  return lines.join('\n');
}
