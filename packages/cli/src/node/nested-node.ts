import type { NestedNode } from '@slapos/grid';
import { ConfigFile } from '../config/config-file.js';
import { parseConfig } from '../config/parse-config.js';
import { CliError } from '../errors.js';

/** The lines of a value without blanks around them, empty ones left out (spec: config §1.3). */
export function linesOf(value: string): string[] {
  return value
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** What the configuration of a node that runs in a partition says; `undefined` when it cannot be read or lacks a key (spec: cli §3.10). */
export function readNestedNode(text: string): NestedNode | undefined {
  try {
    const config = new ConfigFile(parseConfig(text, 'slapos.cfg'));
    const softwareRoot = config.value('slapos', 'software_root');
    const instanceRoot = config.value('slapos', 'instance_root');
    const shared = config.value('slapos', 'shared_part_list');
    if (!softwareRoot || !instanceRoot || shared === undefined) return undefined;
    return { softwareRoot, instanceRoot, sharedPartList: linesOf(shared) };
  } catch (error) {
    // A tenant wrote it: what cannot be read is no node.
    if (error instanceof CliError) return undefined;
    throw error;
  }
}
