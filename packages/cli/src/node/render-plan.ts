import type { PlannedInstance, PlannedRelease, SoftwarePlan } from '@slapos/grid';
import type { NodePlan } from './pass-plans.js';
import { instanceReason, releaseReason, removalReason } from './plan-reasons.js';
import { renderFormatAction } from './render-format-action.js';
import { shortUrls } from './short-urls.js';

/** One line of a plan: what happens to what, and why. */
interface PlanLine {
  readonly mark: '+' | '-' | '!' | '~' | '.' | '?';
  readonly action: string;
  readonly subject: readonly string[];
  readonly reason: string;
}

/** What a plan comes to. */
export interface PlanCounts {
  readonly build: number;
  readonly removal: number;
  readonly process: number;
  readonly destroy: number;
  readonly blocked: number;
  readonly unchanged: number;
  readonly prune: number;
  readonly format: number;
}

const ACTION_WIDTH = 8;
const TIME_OF_DAY = { hour12: false } as const;

/** A plan for a person, with the reason of each action (spec: ux-ideas §7). */
export function renderPlan(plan: NodePlan): string {
  const { masterUrl, computerId, readAtMs } = plan;
  const time = new Date(readAtMs).toLocaleTimeString('en-GB', TIME_OF_DAY);
  const lines = [`Master ${masterUrl}  computer ${computerId}  (read ${time})`];
  const section = (title: string, content: readonly string[]): void => {
    lines.push('', title, ...(content.length === 0 ? ['  nothing to do'] : content));
  };
  if (plan.software !== undefined) section('Software releases', layOut(releaseLines(plan.software)));
  if (plan.instance !== undefined || plan.report !== undefined) section('Partitions', layOut(partitionLines(plan)));
  if (plan.prune !== undefined)
    section('Shared parts', layOut(plan.prune.map((path) => line('-', 'remove', [path], 'nothing uses it'))));
  if (plan.format !== undefined)
    section(
      'Machine',
      plan.format.map((action) => `  + ${renderFormatAction(action, masterUrl)}`),
    );
  return [...lines, '', `Plan: ${totalText(countPlan(plan))}`].join('\n');
}

/** Adds a plan up. */
export function countPlan(plan: NodePlan): PlanCounts {
  const releases = plan.software?.releases ?? [];
  const instances = plan.instance ?? [];
  const built = releasesToBuild(plan.software);
  const count = <Item>(items: readonly Item[], fits: (item: Item) => boolean): number => items.filter(fits).length;
  return {
    build: count(releases, ({ action }) => action === 'build'),
    removal: count(releases, ({ action }) => action === 'destroy') + (plan.software?.collections.length ?? 0),
    process: count(instances, (item) => item.action === 'process' && !isBlocked(item, built)),
    destroy: count(plan.report ?? [], ({ action }) => action === 'destroy'),
    blocked: count(instances, (item) => isBlocked(item, built)),
    unchanged: count(instances, ({ reason }) => reason === 'unchanged'),
    prune: plan.prune?.length ?? 0,
    format: plan.format?.length ?? 0,
  };
}

/** Whether a pass would change something. */
export function hasWork({ unchanged: _, blocked: __, ...work }: PlanCounts): boolean {
  return Object.values(work).some((number) => number > 0);
}

function totalText(counts: PlanCounts): string {
  const { build, removal, process, destroy, blocked, unchanged, prune, format } = counts;
  const parts = [
    build > 0 ? `${build} build${plural(build)}` : '',
    removal > 0 ? `${removal} removal${plural(removal)}` : '',
    process > 0 ? `${process} to process` : '',
    destroy > 0 ? `${destroy} to destroy` : '',
    prune > 0 ? `${prune} shared part${plural(prune)} to remove` : '',
    format > 0 ? `${format} change${plural(format)} of the machine` : '',
    hasWork(counts) ? '' : 'nothing to do',
    blocked > 0 ? `${blocked} blocked` : '',
    unchanged > 0 ? `${unchanged} unchanged` : '',
  ];
  return `${parts.filter((part) => part !== '').join(', ')}.`;
}

function plural(number: number): string {
  return number === 1 ? '' : 's';
}

function line(mark: PlanLine['mark'], action: string, subject: readonly string[], reason: string): PlanLine {
  return { mark, action, subject, reason };
}

const RELEASE_MARKS: Readonly<Record<PlannedRelease['action'], PlanLine['mark']>> = {
  build: '+',
  keep: '~',
  destroy: '-',
  skip: '.',
  refuse: '?',
};

function releaseLines({ releases, collections }: SoftwarePlan): PlanLine[] {
  const short = shortUrls(releases.map(({ softwareReleaseUrl }) => softwareReleaseUrl));
  return [
    ...releases
      .filter(({ reason }) => reason !== 'filtered')
      .map((release) =>
        line(
          RELEASE_MARKS[release.action],
          release.action,
          [short(release.softwareReleaseUrl)],
          releaseReason(release),
        ),
      ),
    ...collections.map(({ directoryName }) => line('-', 'collect', [directoryName], 'nobody asks for it')),
  ];
}

function partitionLines({
  software,
  instance = [],
  report = [],
  failures = new Map(),
  readAtMs,
}: NodePlan): PlanLine[] {
  const built = releasesToBuild(software);
  const short = shortUrls(instance.map(({ softwareReleaseUrl = '' }) => softwareReleaseUrl));
  // The type says something of what is processed only; the others use its place for longer titles.
  const processed = instance.filter((item) => item.action === 'process' && !isBlocked(item, built));
  const titleWidth = Math.max(0, ...processed.map(({ instanceTitle = '' }) => instanceTitle.length));
  return [
    ...instance
      .filter((item) => item.reason !== 'filtered' && item.action !== 'tidy')
      .map((item) => instanceLine(item)),
    ...report.map((item) => line(item.action === 'destroy' ? '-' : '.', item.action, named(item), removalReason(item))),
  ];

  function instanceLine(item: PlannedInstance): PlanLine {
    const { action, softwareReleaseUrl = '' } = item;
    if (isBlocked(item, built))
      return line('?', 'blocked', named(item), `release not built: ${short(softwareReleaseUrl)}`);
    const reason = instanceReason(item, readAtMs, failures.get(item.partitionId));
    switch (action) {
      case 'process':
        return line('!', 'process', typed(item), item.blocked ? `${reason}, after its release is built` : reason);
      case 'refuse':
        return line('?', 'refuse', named(item), reason);
      default:
        return line('.', 'skip', named(item), reason);
    }
  }

  function typed({ partitionId, instanceTitle = '', softwareType }: PlannedInstance): string[] {
    const type = softwareType === undefined ? '' : `[${softwareType}]`;
    return [partitionId, `${instanceTitle.padEnd(titleWidth)}  ${type}`.trimEnd()];
  }
}

function named({ partitionId, instanceTitle = '' }: Pick<PlannedInstance, 'partitionId' | 'instanceTitle'>): string[] {
  return [partitionId, instanceTitle];
}

/** URLs of the releases that the same plan builds. */
function releasesToBuild(software: SoftwarePlan | undefined): ReadonlySet<string> {
  return new Set(
    (software?.releases ?? [])
      .filter(({ action }) => action === 'build')
      .map(({ softwareReleaseUrl }) => softwareReleaseUrl),
  );
}

function isBlocked(item: PlannedInstance, built: ReadonlySet<string>): boolean {
  return item.action === 'process' && item.blocked && !built.has(item.softwareReleaseUrl ?? '');
}

/** Columns as wide as what stands in them. */
function layOut(lines: readonly PlanLine[]): string[] {
  const columns = Math.max(0, ...lines.map(({ subject }) => subject.length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...lines.map(({ subject }) => (subject[column] ?? '').length)),
  );
  return lines.map(({ mark, action, subject, reason }) => {
    const cells = widths.flatMap((width, column) => (width === 0 ? [] : [(subject[column] ?? '').padEnd(width)]));
    return `  ${mark} ${action.padEnd(ACTION_WIDTH)} ${[...cells, reason].join('  ')}`.trimEnd();
  });
}
