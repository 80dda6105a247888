import type { PlannedPartition, PlannedRelease, SoftwarePlan } from '@slapos/grid';

const RELEASE_MARKS: Readonly<Record<PlannedRelease['action'], string>> = {
  build: '+',
  keep: '~',
  destroy: '-',
  skip: '.',
  refuse: '!',
};
const PARTITION_MARKS: Readonly<Record<PlannedPartition['action'], string>> = {
  process: '!',
  check: '.',
  skip: '.',
  tidy: '.',
  refuse: '?',
};

/** What a software pass would do, a line each, with the reason (spec: ux-ideas §7). */
export function renderSoftwarePlan(plan: SoftwarePlan): string {
  const releases = plan.releases.map(
    ({ action, softwareReleaseUrl, reason }) =>
      `  ${RELEASE_MARKS[action]} ${action.padEnd(8)} ${softwareReleaseUrl}  ${reason}`,
  );
  const collections = plan.collections.map(({ directoryName, reason }) => `  - collect  ${directoryName}  ${reason}`);
  return ['Software releases', ...orNothing([...releases, ...collections])].join('\n');
}

/** What an instance pass would do. */
export function renderInstancePlan(plan: readonly PlannedPartition[]): string {
  const lines = plan.map((planned) => {
    const blocked = planned.action === 'process' && planned.blocked ? '  (its software is not built)' : '';
    return `  ${PARTITION_MARKS[planned.action]} ${planned.action.padEnd(8)} ${planned.partitionId}  ${planned.reason}${blocked}`;
  });
  return ['Partitions', ...orNothing(lines)].join('\n');
}

function orNothing(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? ['  nothing to do'] : lines;
}
