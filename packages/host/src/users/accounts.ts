import type { UserDatabase } from './user.js';

/** A user to make. */
export interface NewUser {
  readonly name: string;
  readonly home: string;
  /** The name of its primary group, which must exist. */
  readonly group: string;
  /** Names of supplementary groups, which must exist. Default: none. */
  readonly groups?: readonly string[];
  /** Default `/bin/sh`. */
  readonly shell?: string;
}

/** What to change of a user; what is absent stays. */
export interface UserChange {
  readonly home?: string;
  /** The name of the primary group. */
  readonly group?: string;
  readonly shell?: string;
  /** Names of groups that it joins; it leaves none. */
  readonly joinGroups?: readonly string[];
}

/**
 * Reads and changes users and groups. (spec: format 4.1)
 * Changes throw HostError `HOST_USER_FAILED` with what the system said, `HOST_INVALID_ARGUMENT` for a name or a path that is
 * none, `HOST_NOT_ROOT`. A change that asks for what already holds does nothing.
 */
export interface Accounts extends UserDatabase {
  /** The names of the supplementary groups that list the user, sorted. */
  groupNamesOf(userName: string): Promise<string[]>;
  /** Whether nobody can log in with a password; `undefined` when there is no such user. */
  isPasswordLocked(userName: string): Promise<boolean | undefined>;
  createGroup(name: string): Promise<void>;
  /** Makes a system user without creating its home, and without a usable password. */
  createUser(user: NewUser): Promise<void>;
  modifyUser(name: string, change: UserChange): Promise<void>;
  lockPassword(name: string): Promise<void>;
}

/** One change, as a dry run records it. */
export type AccountChange =
  | { readonly kind: 'createGroup'; readonly name: string }
  | { readonly kind: 'createUser'; readonly user: NewUser }
  | { readonly kind: 'modifyUser'; readonly name: string; readonly change: UserChange }
  | { readonly kind: 'lockPassword'; readonly name: string };
