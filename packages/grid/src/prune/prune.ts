import { type Logger, removeTree, silentLogger } from '@slapos/host';

import { GridError } from '../errors.js';
import {
  findNestedConfigurations,
  listSharedParts,
  readPartTexts,
  readSoftwareTexts,
  type SharedPart,
} from './used-parts.js';

/** What a nested node says about itself. */
export interface NestedNode {
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  readonly sharedPartList: readonly string[];
}

/** Options of `pruneSharedParts`. (spec: grid 14) */
export interface PruneOptions {
  readonly softwareRoot: string;
  readonly instanceRoot: string;
  /** The last one is pruned. */
  readonly sharedPartList: readonly string[];
  /** More folders of Software Releases that use the shared parts. */
  readonly additionalSoftwareDirectories?: readonly string[];
  /** Only say what would be removed. */
  readonly dryRun?: boolean;
  /**
   * Reads the configuration of a node that runs in a partition; `undefined` when it is none, or lacks a key. The caller owns the
   * configuration format.
   */
  readonly readNestedNode: (text: string) => NestedNode | undefined;
}

/** What a prune did, or would do. */
export interface PruneResult {
  readonly sharedRoot: string;
  /** Paths, in the order of removal. */
  readonly removed: readonly string[];
  readonly failed: readonly { readonly path: string; readonly error: Error }[];
}

/** Which texts keep a part alive. */
interface Usage {
  /** Texts of releases: their parts are always in use. */
  readonly texts: string[];
  /** Shared parts, with the texts by which each keeps others alive while it is there itself. */
  readonly parts: Map<string, string[]>;
}

async function addSharedRoot(sharedRoot: string, usage: Usage, logger: Logger): Promise<SharedPart[]> {
  const parts = await listSharedParts(sharedRoot);
  for (const part of parts) usage.parts.set(part.path, await readPartTexts(part, logger));
  return parts;
}

/** Nodes in partitions use our shared parts as well; each instance root is looked at once. */
async function addNestedNodes(
  instanceRoot: string,
  options: PruneOptions,
  usage: Usage,
  logger: Logger,
  seen: Set<string>,
): Promise<void> {
  if (seen.has(instanceRoot)) return;
  seen.add(instanceRoot);
  for (const { path, text } of await findNestedConfigurations(instanceRoot, logger)) {
    const nested = options.readNestedNode(text);
    if (nested === undefined) {
      logger.debug('Not the configuration of a node', { path });
      continue;
    }
    // A tenant wrote this file: only what lies below our own roots is read on its word. (spec: security S23)
    const isOurs = (candidate: string): boolean =>
      candidate === instanceRoot || candidate.startsWith(`${instanceRoot}/`);
    if (isOurs(nested.softwareRoot)) usage.texts.push(...(await readSoftwareTexts(nested.softwareRoot, silentLogger)));
    const nestedShared = nested.sharedPartList.at(-1);
    if (nestedShared !== undefined && isOurs(nestedShared)) {
      for (const texts of (await collectPartTexts(nestedShared, logger)).values()) usage.texts.push(...texts);
    }
    if (isOurs(nested.instanceRoot)) await addNestedNodes(nested.instanceRoot, options, usage, logger, seen);
  }
}

async function collectPartTexts(sharedRoot: string, logger: Logger): Promise<Map<string, string[]>> {
  const usage: Usage = { texts: [], parts: new Map() };
  await addSharedRoot(sharedRoot, usage, logger);
  return usage.parts;
}

/**
 * The parts that nothing uses, whole chains included: a part that goes no longer keeps others alive. Pure.
 * @param parts candidates, in the order in which they are given back
 */
export function findUnusedParts(
  parts: readonly Pick<SharedPart, 'path' | 'hash'>[],
  softwareTexts: readonly string[],
  partTexts: ReadonlyMap<string, readonly string[]>,
): string[] {
  const unused: string[] = [];
  const remaining = new Set(parts);
  for (let found = true; found; ) {
    found = false;
    for (const part of [...remaining]) {
      const usesIt = (text: string): boolean => text.includes(part.hash);
      const isUsed =
        softwareTexts.some(usesIt) ||
        [...remaining].some((other) => other !== part && (partTexts.get(other.path) ?? []).some(usesIt));
      if (isUsed) continue;
      remaining.delete(part);
      unused.push(part.path);
      found = true;
    }
  }
  return unused;
}

/**
 * Removes shared builds that nothing uses. One run removes whole chains, and a dry run lists exactly what a real one removes.
 * (spec: grid 14) The caller holds the lock of the software pass.
 * @throws GridError `GRID_INVALID_OPTIONS` without a shared folder.
 */
export async function pruneSharedParts(
  options: PruneOptions,
  ports: { readonly logger: Logger },
  control: { readonly signal?: AbortSignal } = {},
): Promise<PruneResult> {
  const { logger } = ports;
  const sharedRoot = options.sharedPartList.at(-1)?.trim();
  if (sharedRoot === undefined || sharedRoot === '') {
    throw new GridError('GRID_INVALID_OPTIONS', 'No shared_part_list: there is nothing to prune', {
      hint: 'Set shared_part_list in [slapos]; the last folder of the list is the one that is pruned.',
    });
  }
  logger.warn(`Pruning shared directories at ${sharedRoot}`);
  const usage: Usage = { texts: [], parts: new Map() };
  const parts = await addSharedRoot(sharedRoot, usage, logger);
  usage.texts.push(...(await readSoftwareTexts(options.softwareRoot, logger)));
  for (const directory of options.additionalSoftwareDirectories ?? []) {
    usage.texts.push(...(await readSoftwareTexts(directory, logger, 'Additional software directory')));
  }
  await addNestedNodes(options.instanceRoot, options, usage, logger, new Set());
  const removed: string[] = [];
  const failed: { path: string; error: Error }[] = [];
  for (const path of findUnusedParts(parts, usage.texts, usage.parts)) {
    control.signal?.throwIfAborted();
    try {
      if (options.dryRun !== true)
        await removeTree(path, control.signal === undefined ? {} : { signal: control.signal });
      logger.warn(`Unused shared parts at ${path}${options.dryRun === true ? '' : ' ... removed'}`);
      removed.push(path);
    } catch (error) {
      logger.error('Cannot remove an unused shared part', { path, error });
      failed.push({ path, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  return { sharedRoot, removed, failed };
}
