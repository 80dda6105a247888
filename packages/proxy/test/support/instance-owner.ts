import { marshal } from '@slapos/slap';
import { expect } from 'vitest';

import { CallingClient, type Outcome } from './calling-client.js';
import { Random } from './random.js';
import { partitionOf, requestForm } from './slap-calls.js';

/** While an instance certainly had a partition: from the answer that gave it until the call that gave it back. */
export interface Holding {
  readonly partitionId: string;
  readonly name: string;
  /** Milliseconds on the clock of the clients. */
  readonly from: number;
  until: number;
}

/** An instance as its owner knows it. */
export type Known =
  /** Never allocated, or freed. */
  | { readonly status: 'absent' }
  /** Requested, and nobody answered: perhaps there, or there a little later. It is requested again, the same way. */
  | { readonly status: 'unsure'; readonly isLate: boolean }
  /** Perhaps freed, perhaps not. Nothing more is done with it. */
  | { readonly status: 'given up'; readonly partitionId: string }
  | HeldInstance;

/** An instance that was acknowledged. */
export interface HeldInstance {
  readonly status: 'held';
  readonly holding: Holding;
  size: number;
  requestedState: string;
  timestamp: number;
  /** What the next time stamp is, compared with the last. */
  nextTimestamp: 'same' | 'greater' | 'not less';
  /** What it publishes; `undefined` when that is not known. */
  url: string | undefined;
  child: Holding | 'unsure' | undefined;
  /** A call that was abandoned may still be carried out: it must find things as they are, and so this is neither changed nor freed. */
  stays: boolean;
}

/** What all owners of one run share. */
export interface Arena {
  readonly computerId: string;
  /** The server that an owner calls; waits while it is being started again. */
  serverUrl(owner: number): Promise<string>;
  readonly holdings: Holding[];
  /** How many calls were answered, for those who wait for progress. */
  answered: number;
  readonly abandonChance: number;
}

const STATES = ['started', 'stopped'];
const NO_ROOM = 'No free computer partition found for:';

/**
 * A client with instances of its own, which it requests, changes and destroys at random, and of which it knows what they must be.
 * Each answer is compared with that.
 */
export class InstanceOwner implements Disposable {
  readonly instances = new Map<string, Known>();
  readonly #arena: Arena;
  readonly #number: number;
  readonly #random: Random;
  readonly #client = new CallingClient();
  readonly #names: string[];
  #namesMade = 0;

  constructor(arena: Arena, number: number, { seed, names }: { readonly seed: number; readonly names: number }) {
    this.#arena = arena;
    this.#number = number;
    this.#random = new Random(seed * 1_000 + number);
    this.#names = Array.from({ length: names }, () => this.#newName());
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }

  async run(calls: number): Promise<void> {
    for (let index = 0; index < calls; index += 1) await this.#step();
  }

  async #step(): Promise<void> {
    const slot = this.#random.below(this.#names.length);
    const name = this.#names[slot]!;
    const known = this.instances.get(name)!;
    if (known.status === 'given up') this.#names[slot] = this.#newName();
    else if (known.status === 'held') await this.#doSomethingWith(name, known);
    else await this.#request(name, { size: 1, requestedState: 'started' });
  }

  async #doSomethingWith(name: string, instance: HeldInstance): Promise<void> {
    const choice = this.#random.next();
    if (choice < 0.35) await this.#request(name, instance);
    else if (choice < 0.5) await this.#requestChild(instance);
    else if (instance.stays) await this.#request(name, instance);
    else if (choice < 0.65) await this.#change(name, instance);
    else if (choice < 0.72) await this.#publish(instance);
    else if (choice < 0.8) await this.#bang(instance);
    else if (instance.child !== 'unsure') await this.#destroy(name, instance);
  }

  /** Requests it as it is known to be, and compares the answer. */
  async #request(
    name: string,
    { size, requestedState }: Pick<HeldInstance, 'size' | 'requestedState'>,
  ): Promise<Outcome['kind'] | 'no room'> {
    const outcome = await this.#call(
      'requestComputerPartition',
      requestForm(name, { parameters: { size }, state: requestedState }),
    );
    const before = this.instances.get(name)!;
    if (outcome.kind !== 'answered') {
      const isLate = outcome.kind === 'abandoned' || (before.status === 'unsure' && before.isLate);
      if (before.status !== 'held') this.instances.set(name, { status: 'unsure', isLate });
      if (before.status === 'held' && outcome.kind === 'abandoned') before.stays = true;
      return outcome.kind;
    }
    if (outcome.status === 404) {
      expect(before.status, `${name} was lost: ${outcome.body}`).not.toBe('held');
      expect(outcome.body).toContain(NO_ROOM);
      return 'no room';
    }
    expect(outcome.status, outcome.body).toBe(200);
    const partitionId = partitionOf(outcome.body)!;
    const timestamp = Number(/<string>timestamp<\/string><string>([^<]*)</.exec(outcome.body)?.[1]);
    if (before.status === 'held') compare(before, { partitionId, timestamp, body: outcome.body });
    else
      this.instances.set(
        name,
        this.#newlyHeld(name, partitionId, timestamp, before.status === 'unsure' && before.isLate),
      );
    return 'answered';
  }

  #newlyHeld(name: string, partitionId: string, timestamp: number, stays: boolean): HeldInstance {
    return {
      status: 'held',
      holding: this.#hold(name, partitionId),
      size: 1,
      requestedState: 'started',
      timestamp,
      nextTimestamp: 'same',
      url: undefined,
      child: undefined,
      stays,
    };
  }

  async #change(name: string, instance: HeldInstance): Promise<void> {
    const requestedState = STATES[this.#random.below(STATES.length)]!;
    // A state that comes back changes nothing; a size always does.
    instance.size += 1;
    instance.requestedState = requestedState;
    instance.nextTimestamp = 'greater';
    let outcome = await this.#request(name, instance);
    // Half a change is none: it is asked for again until it is acknowledged.
    while (outcome !== 'answered') {
      instance.nextTimestamp = 'greater';
      outcome = await this.#request(name, instance);
    }
  }

  async #publish(instance: HeldInstance): Promise<void> {
    const url = `https://${this.#random.below(1_000_000)}.example/`;
    instance.url = undefined;
    const outcome = await this.#call('setComputerPartitionConnectionXml', {
      ...this.#key(instance.holding),
      connection_xml: marshal({ url }),
    });
    if (outcome.kind === 'answered') {
      expect([outcome.status, outcome.body]).toEqual([200, 'done']);
      instance.url = url;
    }
    if (outcome.kind === 'abandoned') instance.stays = true;
  }

  async #bang(instance: HeldInstance): Promise<void> {
    const outcome = await this.#call('softwareInstanceBang', { ...this.#key(instance.holding), message: 'again' });
    if (outcome.kind === 'answered') expect([outcome.status, outcome.body]).toEqual([200, 'OK']);
    // It is banged, or it will be, or not: then its time stamp may change at any time.
    const isCertain = outcome.kind === 'answered';
    if (!isCertain) instance.nextTimestamp = 'not less';
    else if (instance.nextTimestamp === 'same') instance.nextTimestamp = 'greater';
    if (outcome.kind === 'abandoned') instance.stays = true;
  }

  async #requestChild(instance: HeldInstance): Promise<void> {
    const { partitionId, name } = instance.holding;
    const requester = { computerId: this.#arena.computerId, partitionId };
    const outcome = await this.#call('requestComputerPartition', requestForm('child', { requester }));
    if (outcome.kind !== 'answered') {
      instance.child ??= 'unsure';
      if (outcome.kind === 'abandoned') instance.stays = true;
      return;
    }
    if (outcome.status === 404) {
      expect(instance.child ?? 'unsure', `the child of ${name} was lost`).toBe('unsure');
      return;
    }
    expect(outcome.status, outcome.body).toBe(200);
    const childPartitionId = partitionOf(outcome.body)!;
    if (typeof instance.child === 'object') expect(childPartitionId).toBe(instance.child.partitionId);
    else instance.child = this.#hold(`child of ${name}`, childPartitionId);
  }

  /** As its owner and its node do it: it is asked for, the children go first, then the partition is free. */
  async #destroy(name: string, instance: HeldInstance): Promise<void> {
    const { child, holding } = instance;
    if (typeof child === 'object') {
      const refused = await this.#call('destroyedComputerPartition', this.#key(holding));
      // Nothing was freed, whether it was done or not.
      if (refused.kind === 'answered') {
        const text = 'Not destroying yet because this partition has child partitions: child';
        expect([refused.status, refused.body]).toEqual([200, text]);
      } else if (refused.kind === 'abandoned') {
        // Carried out after the child is gone, it would free what may belong to somebody else then.
        instance.stays = true;
        return;
      }
      if (!(await this.#free(child))) {
        this.instances.set(name, { status: 'given up', partitionId: holding.partitionId });
        return;
      }
      instance.child = undefined;
    }
    const isFree = await this.#free(holding);
    this.instances.set(name, isFree ? { status: 'absent' } : { status: 'given up', partitionId: holding.partitionId });
  }

  async #free(holding: Holding): Promise<boolean> {
    holding.until = performance.now();
    const outcome = await this.#call('destroyedComputerPartition', this.#key(holding));
    if (outcome.kind !== 'answered') return false;
    expect([outcome.status, outcome.body]).toEqual([200, 'OK']);
    return true;
  }

  async #call(path: string, form: Readonly<Record<string, string>>): Promise<Outcome> {
    const url = await this.#arena.serverUrl(this.#number);
    const patienceMs = this.#random.chance(this.#arena.abandonChance) ? this.#random.below(5) : undefined;
    const outcome = await this.#client.post(`${url}/${path}`, form, patienceMs);
    if (outcome.kind === 'answered') this.#arena.answered += 1;
    return outcome;
  }

  #hold(name: string, partitionId: string): Holding {
    const holding = { name, partitionId, from: performance.now(), until: Number.POSITIVE_INFINITY };
    this.#arena.holdings.push(holding);
    return holding;
  }

  #key({ partitionId }: Holding): Record<string, string> {
    return { computer_id: this.#arena.computerId, computer_partition_id: partitionId };
  }

  #newName(): string {
    this.#namesMade += 1;
    const name = `owner${this.#number}-${this.#namesMade}`;
    this.instances.set(name, { status: 'absent' });
    return name;
  }
}

function compare(
  known: HeldInstance,
  answer: { readonly partitionId: string; readonly timestamp: number; readonly body: string },
): void {
  const { name, partitionId } = known.holding;
  expect(answer.partitionId, `${name} moved`).toBe(partitionId);
  switch (known.nextTimestamp) {
    case 'same':
      expect(answer.timestamp, `${name} did not change`).toBe(known.timestamp);
      break;
    case 'greater':
      expect(answer.timestamp, `${name} changed`).toBeGreaterThan(known.timestamp);
      break;
    case 'not less':
      expect(answer.timestamp, name).toBeGreaterThanOrEqual(known.timestamp);
  }
  known.timestamp = answer.timestamp;
  known.nextTimestamp = known.stays ? 'not less' : 'same';
  expect(answer.body, name).toContain(`<string>size</string><string>${known.size}</string>`);
  if (known.url !== undefined) expect(answer.body, name).toContain(known.url);
}
