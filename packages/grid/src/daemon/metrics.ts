import type { ScheduledPassStatus } from './daemon.js';

const MS_PER_SECOND = 1000;
/** From so many failures in a row on, a pass is said to be unhealthy: one may be an accident. */
export const UNHEALTHY_FAILURES = 3;

/** How the node's daemon is, as one word, and by pass. */
export interface DaemonHealth {
  readonly status: 'ok' | 'failing';
  readonly passes: readonly ScheduledPassStatus[];
}

/** Whether the passes do what they should. Failing promises are the instances' trouble, not the node's. */
export function daemonHealth(passes: readonly ScheduledPassStatus[]): DaemonHealth {
  const fails = passes.some(
    ({ failuresInARow, lastOutcome }) => failuresInARow >= UNHEALTHY_FAILURES && lastOutcome !== 'promise-failure',
  );
  return { status: fails ? 'failing' : 'ok', passes };
}

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | undefined;
}

/**
 * The state of the passes in Prometheus' text format, version 0.0.4.
 * @param memoryBytes resident, of this process
 */
export function renderMetrics(passes: readonly ScheduledPassStatus[], memoryBytes: number): string {
  const each = (value: (pass: ScheduledPassStatus) => number | undefined): Sample[] =>
    passes.map((pass) => ({ labels: { pass: pass.name }, value: value(pass) }));
  const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / MS_PER_SECOND);
  const runs = passes.flatMap(({ name, runs }) =>
    Object.entries(runs).map(([outcome, value]) => ({ labels: { pass: name, outcome }, value })),
  );
  return [
    ...family('slapos_pass_runs_total', 'counter', 'Runs of a pass, by how they ended.', runs),
    ...family(
      'slapos_pass_running',
      'gauge',
      '1 while the pass runs.',
      each((pass) => (pass.runningSinceMs === undefined ? 0 : 1)),
    ),
    ...family(
      'slapos_pass_failures_in_a_row',
      'gauge',
      'Runs since the last success.',
      each((pass) => pass.failuresInARow),
    ),
    ...family(
      'slapos_pass_last_duration_seconds',
      'gauge',
      'How long the last run took.',
      each((pass) => seconds(pass.lastDurationMs)),
    ),
    ...family(
      'slapos_pass_last_success_timestamp_seconds',
      'gauge',
      'When the pass last succeeded.',
      each((pass) => seconds(pass.lastSuccessAtMs)),
    ),
    ...family(
      'slapos_pass_period_seconds',
      'gauge',
      'Time between two runs.',
      each((pass) => seconds(pass.periodMs)),
    ),
    ...family('process_resident_memory_bytes', 'gauge', 'Memory of the daemon.', [{ labels: {}, value: memoryBytes }]),
    '',
  ].join('\n');
}

function family(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string[] {
  const lines = samples.flatMap(({ labels, value }) =>
    value === undefined ? [] : [`${name}${labelText(labels)} ${value}`],
  );
  return lines.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`, ...lines];
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const texts = Object.entries(labels).map(
    ([name, value]) => `${name}="${value.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`,
  );
  return texts.length === 0 ? '' : `{${texts.join(',')}}`;
}
