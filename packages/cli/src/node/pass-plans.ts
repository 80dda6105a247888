import { formatComputer, type FormatAction } from '@slapos/format';
import {
  type GridPorts,
  type GridSection,
  instanceOptionsFromSection,
  planInstancePass,
  type PlannedInstance,
  type PlannedRemoval,
  planReportPass,
  planSoftwarePass,
  pruneSharedParts,
  type SoftwarePlan,
  softwareOptionsFromSection,
} from '@slapos/grid';
import { createLinuxHost, silentLogger } from '@slapos/host';
import type { ConfigFile } from '../config/config-file.js';
import { CliError } from '../errors.js';
import { failedPasses } from './failed-passes.js';
import { readFormatRequest } from './format-request.js';
import { linesOf, readNestedNode } from './nested-node.js';

/** What can be planned; the first three are what a node does all the time. */
export const PLANNED_PASSES = ['software', 'instance', 'report', 'prune', 'format'] as const;
export type PlannedPass = (typeof PLANNED_PASSES)[number];
export const USUAL_PASSES: readonly PlannedPass[] = ['software', 'instance', 'report'];

/** What passes would do; those that were not asked for are absent (spec: ux-ideas §7). */
export interface NodePlan {
  readonly masterUrl: string;
  readonly computerId: string;
  /** When the master and the disk were read, in milliseconds since 1970. */
  readonly readAtMs: number;
  readonly software?: SoftwarePlan;
  readonly instance?: readonly PlannedInstance[];
  /** How many instance passes in a row failed on each partition, as far back as the journal goes. */
  readonly failures?: ReadonlyMap<string, number>;
  readonly report?: readonly PlannedRemoval[];
  /** Paths of shared parts that would be removed. */
  readonly prune?: readonly string[];
  readonly format?: readonly FormatAction[];
}

/** What planning needs of a pass that does not run. */
export interface PlanRequest {
  readonly section: GridSection;
  readonly ports: Pick<GridPorts, 'master' | 'host'>;
  readonly signal: AbortSignal;
  readonly config: ConfigFile;
}

/** Says what the passes would do. The master is asked once; nothing is changed, neither there nor here. */
export async function planPasses(passes: readonly PlannedPass[], request: PlanRequest): Promise<NodePlan> {
  const { section, signal, config } = request;
  const ports = askingOnce(request.ports);
  const control = { signal };
  const plan: { -readonly [Key in keyof NodePlan]: NodePlan[Key] } = {
    masterUrl: section.master_url,
    computerId: section.computer_id,
    readAtMs: ports.host.clock.now(),
  };
  if (passes.includes('software'))
    plan.software = await planSoftwarePass(softwareOptionsFromSection(section), ports, control);
  if (passes.includes('instance'))
    plan.instance = await planInstancePass(instanceOptionsFromSection(section), ports, control);
  if (plan.instance !== undefined) plan.failures = await failedPasses(section.instance_root, plan.instance);
  if (passes.includes('report'))
    plan.report = await planReportPass(instanceOptionsFromSection(section), ports, control);
  if (passes.includes('prune')) plan.prune = await planPrune(section, config, signal);
  if (passes.includes('format')) plan.format = await planFormat(config);
  return plan;
}

/** Several plans are made of one answer of the master. */
function askingOnce({ master, host }: PlanRequest['ports']): {
  readonly master: Pick<GridPorts['master'], 'fetchComputerInformation'>;
  readonly host: GridPorts['host'];
} {
  let answer: ReturnType<typeof master.fetchComputerInformation> | undefined;
  return {
    host,
    master: { fetchComputerInformation: (options) => (answer ??= master.fetchComputerInformation(options)) },
  };
}

async function planPrune(section: GridSection, config: ConfigFile, signal: AbortSignal): Promise<readonly string[]> {
  const sharedPartList = linesOf(config.value('slapos', 'shared_part_list') ?? '');
  if (sharedPartList.length === 0)
    throw new CliError('CLI_CONFIGURATION', 'No shared_part_list options in slapos config', {
      hint: 'Without shared parts there is nothing to prune.',
    });
  const { software_root: softwareRoot, instance_root: instanceRoot } = section;
  const options = { softwareRoot, instanceRoot, sharedPartList, dryRun: true, readNestedNode };
  return (await pruneSharedParts(options, { logger: silentLogger }, { signal })).removed;
}

async function planFormat(config: ConfigFile): Promise<readonly FormatAction[]> {
  const { options } = await readFormatRequest(config, {}, { dryRun: true, renumber: false });
  await using host = createLinuxHost({ environment: process.env });
  const result = await formatComputer(options, {
    host,
    logger: silentLogger,
    managers: undefined,
    slaposVersion: '',
    publicIpv4Address: undefined,
    send: () => Promise.resolve(),
  });
  return result.actions;
}
