import type { Host, Logger } from '@slapos/host';

import type { ManagedComputer, ManagedPartition, ManagedSoftware } from './subjects.js';

/** The version of this contract. A manager that was made for another one is refused. */
export const MANAGER_CONTRACT = 1;

/**
 * What a manager does, and when. It implements the hooks that it needs; each can be called again after a crash at any instant. One that
 * throws makes that release or partition fail; the managers behind it are not called at that point. (spec: managers §2)
 */
export interface Manager {
  /** `node format`, before the partitions are made. */
  format?(computer: ManagedComputer): Promise<void>;
  /** `node format`, after the partitions, also when making them failed. */
  formatTearDown?(computer: ManagedComputer): Promise<void>;
  /** `node software`, for each release of the master's list, whatever its state. */
  software?(software: ManagedSoftware): Promise<void>;
  /** The same, after it was dealt with; not when that failed. */
  softwareTearDown?(software: ManagedSoftware): Promise<void>;
  /** `node instance`, for each partition in use, before anything is decided, so also for one that is up to date. */
  instance?(partition: ManagedPartition): Promise<void>;
  /** The same, after; also when it failed, but not when an `instance` hook did. */
  instanceTearDown?(partition: ManagedPartition): Promise<void>;
  /** `node report`, for each destroyed instance, once it is stopped and before it is removed. */
  report?(partition: ManagedPartition): Promise<void>;
}

/** The hooks, in the order of a partition's life. */
export const MANAGER_HOOKS = [
  'format',
  'formatTearDown',
  'software',
  'softwareTearDown',
  'instance',
  'instanceTearDown',
  'report',
] as const satisfies readonly (keyof Manager)[];
/** One of `MANAGER_HOOKS`. */
export type ManagerHook = (typeof MANAGER_HOOKS)[number];

/** What all managers get when they are made. */
export interface ManagerContext {
  readonly host: Host;
  readonly logger: Logger;
  /** A folder of this manager's own, root's: what it must remember between two passes. */
  readonly stateDirectory: string;
  /** Login names that may ask for special things. (`power_user_list`) */
  readonly powerUsers: readonly string[];
  /** `firewall_cmd` of `[firewall]`: program and first arguments; absent without that section. */
  readonly firewallCommand?: readonly string[] | undefined;
}

/** Checks the texts of a `[manager:NAME]` section; every zod schema is one. */
export interface OptionsSchema<Options> {
  safeParse(texts: Readonly<Record<string, string>>):
    | { readonly success: true; readonly data: Options }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

/** What a manager's module exports as its default. Make one with {@link defineManager}. */
export interface ManagerDefinition<Options = unknown> {
  readonly contract: typeof MANAGER_CONTRACT;
  /** As in `manager_list` and `[manager:NAME]`. */
  readonly name: string;
  /** Without it the manager has no options, and any in its section is an error. */
  readonly options?: OptionsSchema<Options>;
  /** Called once for each command, before any hook. */
  create(options: Options, context: ManagerContext): Manager | Promise<Manager>;
}

/** A manager without the version of the contract, which {@link defineManager} adds. */
export type ManagerDescription<Options> = Omit<ManagerDefinition<Options>, 'contract'>;

/**
 * Says what a manager is. A third-party one is a module whose default export this is:
 * `export default defineManager({ name: 'quota', create: () => ({ async instance(partition) { … } }) })`.
 */
export function defineManager<Options = undefined>(
  description: ManagerDescription<Options>,
): ManagerDefinition<Options> {
  return { contract: MANAGER_CONTRACT, ...description };
}
