import { pairs } from './table.mjs';

/**
 * The figures of one benchmark for a person.
 *
 * @param {import('./table.mjs').BenchmarkReport} report
 */
export function formatReport(report) {
  const lines = [`${report.name} (${report.row}): ${report.description}`, describeMachine(report.machine)];
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

/** @param {ReturnType<typeof import('./measure.mjs').machineDescription>} machine */
export function describeMachine(machine) {
  return `Node.js ${machine.node}, ${machine.cores} × ${machine.processor}, ${machine.memoryMegabytes} MB`;
}
