import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type PromiseResult, readResult } from '@slapos/promise';
import { type ComputerPartition, deserialiseParameters, type InstanceRequest } from '@slapos/slap';
import type { ProcessInfo, Supervisor } from '@slapos/supervisor';
import { z } from 'zod';
import { StandaloneError } from '../errors.js';

/** A request as it is made to a standalone node: there is one computer only, so nothing says where. */
export type StandaloneRequest = Omit<InstanceRequest, 'filter'>;

/** What an instance needs of its node. */
export interface InstanceContext {
  readonly instanceRoot: string;
  readonly supervisor: Supervisor;
  request(request: StandaloneRequest): Promise<ComputerPartition>;
}

/** Pairs of network and address; a master that forwarded a request may give none. */
const addressesSchema = z
  .array(z.tuple([z.string(), z.string()]).rest(z.unknown()))
  .transform((pairs) => pairs.map(([, address]) => address));

/** An instance that was requested from a standalone node. */
export class StandaloneInstance {
  /** What was asked for. */
  readonly request: StandaloneRequest;
  /** Such as `slappart0`. */
  readonly partitionId: string;
  /** The id of its computer; another one when the request was forwarded to another master. */
  readonly computerId: string;
  /** Its folder; of no meaning when the request was forwarded. */
  readonly directory: string;
  /** Its addresses, IPv4 and IPv6, as the master gave them. */
  readonly addresses: readonly string[];
  readonly #context: InstanceContext;

  /** @internal Made by the node. */
  constructor(context: InstanceContext, request: StandaloneRequest, partition: ComputerPartition) {
    this.#context = context;
    this.request = request;
    this.partitionId = partition.partitionId;
    this.computerId = partition.computerId;
    this.addresses = addressesSchema.safeParse(partition.getAttribute('ip_list')).data ?? [];
    this.directory = path.join(context.instanceRoot, partition.partitionId);
  }

  /** Requests it again, with changes if any are given, and gives what the master says now. */
  async update(changes: Partial<Omit<StandaloneRequest, 'partitionReference'>> = {}): Promise<StandaloneInstance> {
    const request = { ...this.request, ...changes };
    return new StandaloneInstance(this.#context, request, await this.#context.request(request));
  }

  /** What it has published until now; the JSON in `_` is read, when that is all. Asks the master each time. */
  async connection(): Promise<Record<string, unknown>> {
    const partition = await this.#context.request(this.request);
    const published = await partition.getConnectionParameterDict();
    return Object.keys(published).join() === '_' ? deserialiseParameters(published, 'json-in-xml') : { ...published };
  }

  /** The state that the master asks for: `started`, `stopped`, `destroyed`. */
  async requestedState(): Promise<string> {
    return (await this.#context.request(this.request)).getState();
  }

  /** Asks the master to have it destroyed; done by the next instance and report passes. */
  async destroy(): Promise<void> {
    await this.#context.request({ ...this.request, state: 'destroyed' });
  }

  /** A path inside of its folder. */
  path(...names: string[]): string {
    return path.join(this.directory, ...names);
  }

  /** The text of a file inside of its folder. */
  readFile(...names: string[]): Promise<string> {
    return readFile(this.path(...names), 'utf8');
  }

  /** Its services, as the supervisor sees them. */
  async services(): Promise<ProcessInfo[]> {
    const all = await this.#context.supervisor.allProcessInfo();
    return all.filter(({ group }) => group === this.partitionId || group.startsWith(`${this.partitionId}-`));
  }

  /** The last result of each of its promises, sorted by name. */
  async promises(): Promise<PromiseResult[]> {
    const folder = this.path('.slapgrid/promise/result');
    const names = await readdir(folder).catch((error: unknown) => {
      if ((error as { code?: unknown }).code === 'ENOENT') return [];
      throw error;
    });
    const files = names.filter((name) => name.endsWith('.status.json')).sort();
    const results = await Promise.all(
      files.map(async (name) => readResult(await readFile(path.join(folder, name), 'utf8'))),
    );
    return results.filter((result) => result !== undefined);
  }
}

/**
 * Refuses what only makes sense where there are several computers (spec: standalone §4.5).
 * @throws StandaloneError `STANDALONE_INVALID_OPTIONS`
 */
export function refuseFilter(request: StandaloneRequest): void {
  if (!('filter' in request) || request.filter === undefined || request.filter === null) return;
  throw new StandaloneError('STANDALONE_INVALID_OPTIONS', 'Can only request on embedded computer', {
    hint: 'Leave `filter` out: a standalone node is one computer.',
  });
}
