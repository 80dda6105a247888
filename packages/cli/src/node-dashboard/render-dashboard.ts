import { escapeControlCharacters } from '@slapos/host';
import type { ProcessInfo } from '@slapos/supervisor';
import { type Marks, type Paint, painted } from '../console/terminal.js';
import { firstLine } from '../node/promise-results.js';
import { shortUrls } from '../node/short-urls.js';
import { renderTable } from '../output/table.js';
import type { PassState } from '../pass-outputs/pass-state.js';
import type { Dashboard, FailingPromise, LastRun, PartitionState } from './dashboard.js';

const HEADINGS = ['PARTITION', 'INSTANCE', 'TYPE', 'STATE', 'SERVICES', 'PROMISES', 'LAST PASS'];
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LONGEST_MESSAGE = 100;
const PERCENT = 100;

/** How it is shown. */
export interface DashboardView {
  readonly marks: Marks;
  readonly colour: boolean;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The machine in a line, its partitions with what is wrong below each, and its releases (spec: ux-ideas §8). */
export async function renderDashboard(dashboard: Dashboard, view: DashboardView): Promise<string> {
  const rows = dashboard.partitions.map((partition) => rowOf(partition, view));
  const [headings = '', ...lines] = (await renderTable(rows, { headings: HEADINGS })).split('\n');
  const paint = (text: string, colour: Paint): string => painted(view.colour, colour, text);
  const withTroubles = dashboard.partitions.flatMap((partition, index) => [
    lines[index] ?? '',
    ...troublesOf(partition, view).map((text) => paint(text, 'red')),
  ]);
  const releases = releasesLine(dashboard, view);
  return [
    headerLine(dashboard, view),
    paint(headings, 'bold'),
    ...withTroubles,
    ...(releases === undefined ? [] : [releases]),
  ].join('\n');
}

function headerLine({ computerId, master, diskUsed, load, pass }: Dashboard, view: DashboardView): string {
  const masterText = master === undefined ? [] : [`master ${master.isWell ? 'ok' : master.message}`];
  return [
    computerId ?? 'this machine',
    ...masterText,
    `disk ${Math.round(diskUsed * PERCENT)} %`,
    `load ${load.toFixed(1)}`,
    ...(pass === undefined ? [] : [passText(pass, view)]),
    clockText(new Date(view.nowMs).toISOString(), view),
  ].join('   ');
}

function passText({ pass, planned, finished, outcome, updatedAt }: PassState, view: DashboardView): string {
  if (outcome === undefined) return `${pass} pass ${finished}/${planned}`;
  return `last pass: ${pass}, ${outcome}, ${agoText(updatedAt, view)}`;
}

function rowOf(
  { partition, instance, type, state, services, promises, lastRun }: PartitionState,
  view: DashboardView,
): string[] {
  const { none, ok, failed } = view.marks;
  const promiseText =
    promises.failing.length > 0 ? `${failed} ${promises.failing.length} of ${promises.all}` : `${ok} ${promises.all}`;
  return [
    partition,
    instance ?? none,
    type ?? none,
    state,
    services === undefined || state === 'free' ? '' : `${services.running}/${services.all}`,
    promises.all === 0 ? '' : promiseText,
    lastRun === undefined ? '' : runText(lastRun, view),
  ];
}

function runText({ endedAt, durationMs, outcome }: LastRun, view: DashboardView): string {
  const isBad = outcome === 'failed' || outcome === 'promise-failed';
  const details = isBad ? 'failed' : durationMs === undefined ? undefined : `${(durationMs / 1000).toFixed(1)} s`;
  return [agoText(endedAt, view), ...(details === undefined ? [] : [details])].join(', ');
}

function troublesOf({ partition, services, promises, lastRun }: PartitionState, view: DashboardView): string[] {
  const { failed, exited } = view.marks;
  return [
    ...promises.failing.map((promise) => `   ${failed} ${promise.promise}  ${promiseText(promise, view)}`),
    ...(services?.failed ?? []).map(
      (info) => `   ${exited} ${info.name}  ${exitText(info, view)}   slapos node logs ${partition} ${info.name}`,
    ),
    ...(lastRun?.outcome === 'failed'
      ? [`   ${failed} last pass failed   slapos node logs ${partition} --last-pass`]
      : []),
  ].map(escapeControlCharacters);
}

function promiseText({ message, timesInARow, since }: FailingPromise, view: DashboardView): string {
  const text = firstLine(message).slice(0, LONGEST_MESSAGE);
  const when = `since ${clockText(since, view)}`;
  return timesInARow > 1 ? `${text} (${ordinal(timesInARow)} time, ${when})` : `${text} (${when})`;
}

function exitText({ stateName, stoppedAt, exitStatus, spawnError }: ProcessInfo, view: DashboardView): string {
  const at = stoppedAt === 0 ? '' : ` ${clockText(new Date(stoppedAt * 1000).toISOString(), view)}`;
  // Of a service that ended its status says it shorter.
  const why = stateName === 'EXITED' || spawnError === '' ? `exit ${exitStatus}` : spawnError;
  return `${stateName}${at} (${why})`;
}

function releasesLine({ releases }: Dashboard, { marks }: DashboardView): string | undefined {
  if (releases.length === 0) return undefined;
  const short = shortUrls(releases.map(({ softwareReleaseUrl }) => softwareReleaseUrl));
  const texts = releases.map(({ softwareReleaseUrl, state }) => `${short(softwareReleaseUrl)} ${state}`);
  return escapeControlCharacters(`SOFTWARE    ${texts.join(` ${marks.separator} `)}`);
}

function agoText(instant: string, { nowMs }: DashboardView): string {
  const ms = Math.max(0, nowMs - Date.parse(instant));
  if (ms < MINUTE_MS) return `${Math.floor(ms / 1000)} s ago`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min ago`;
  return ms < DAY_MS ? `${Math.floor(ms / HOUR_MS)} h ago` : `${Math.floor(ms / DAY_MS)} d ago`;
}

/** The time of the day; of another day, the date. */
function clockText(instant: string, { nowMs }: DashboardView): string {
  const at = new Date(instant);
  const two = (number: number): string => String(number).padStart(2, '0');
  if (at.toDateString() !== new Date(nowMs).toDateString())
    return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

const ORDINAL_ENDINGS: Readonly<Record<number, string>> = { 1: 'st', 2: 'nd', 3: 'rd' };

function ordinal(number: number): string {
  const isTeen = Math.floor((number % 100) / 10) === 1;
  return `${number}${isTeen ? 'th' : (ORDINAL_ENDINGS[number % 10] ?? 'th')}`;
}
