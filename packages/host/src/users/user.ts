/** A user as processes and files know it. */
export interface UserIdentity {
  readonly uid: number;
  /** The primary group. */
  readonly gid: number;
  readonly name: string;
  readonly home: string;
  /** Supplementary groups; absent: what the group database says at the moment of use. */
  readonly groups?: readonly number[];
}

/** A user as the password database knows it. */
export interface UserEntry extends UserIdentity {
  readonly shell: string;
}

/** A group as the group database knows it. */
export interface GroupEntry {
  readonly gid: number;
  readonly name: string;
  readonly members: readonly string[];
}

/** Reads users and groups. */
export interface UserDatabase {
  /** `undefined` when there is no such user. */
  byUid(uid: number): Promise<UserEntry | undefined>;
  byName(name: string): Promise<UserEntry | undefined>;
  groupByName(name: string): Promise<GroupEntry | undefined>;
  groupByGid(gid: number): Promise<GroupEntry | undefined>;
}
