import { isSlapOSError } from '@slapos/host';

import { ManagerError } from '../errors.js';
import type { Manager, ManagerHook } from './manager.js';

/** A manager that has been made, and its name. */
export interface NamedManager {
  readonly name: string;
  readonly manager: Manager;
}

type Subject<Hook extends ManagerHook> = Parameters<NonNullable<Manager[Hook]>>[0];

/** The managers of a node, in the order of `manager_list`. */
export class ManagerSet {
  readonly #managers: readonly NamedManager[];

  constructor(managers: readonly NamedManager[] = []) {
    this.#managers = managers;
  }

  get names(): readonly string[] {
    return this.#managers.map(({ name }) => name);
  }

  /** Whether any of them has one of these hooks: without one nothing needs to be prepared for it. */
  has(...hooks: readonly ManagerHook[]): boolean {
    return this.#managers.some(({ manager }) => hooks.some((hook) => manager[hook] !== undefined));
  }

  /**
   * Calls a hook of all managers, one after the other.
   * @throws ManagerError `MANAGER_FAILED` for the first that throws; those behind it are not called
   */
  async run<Hook extends ManagerHook>(hook: Hook, subject: Subject<Hook>): Promise<void> {
    for (const { name, manager } of this.#managers) {
      try {
        await (manager[hook] as ((subject: Subject<Hook>) => Promise<void>) | undefined)?.call(manager, subject);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new ManagerError('MANAGER_FAILED', `The manager ${name} failed (${hook}): ${reason}`, {
          cause: error,
          ...(isSlapOSError(error) ? { retryable: error.retryable } : {}),
          ...(isSlapOSError(error) && error.hint !== undefined ? { hint: error.hint } : {}),
        });
      }
    }
  }
}
