import { isSlapError, SlapClient } from '@slapos/slap';

import { COMPUTER_ID, partitionId, releaseUrl } from '../node/layout.mjs';

/**
 * What somebody has asked the master for, and what it said to that. `open`: the answer was lost, and nobody knows whether it is done.
 *
 * @typedef {{ name: string, release: string, state: string, shared: boolean, n: number }} Wish
 * @typedef {Wish & { answer: 'granted' | 'refused' | 'open', before?: Wish | undefined }} AskedWish
 */

const NO_PLACE_STATUS = 404;
const CALL_TIMEOUT_MS = 5000;
const RELEASES = ['one', 'two'];
/** The one that comes and goes. */
const FLEETING = 'three';

/** Those who use the node: they talk to the master itself, and remember what it granted. */
export class Wishes {
  #client;
  /** @type {Map<string, AskedWish>} */
  #asked = new Map();
  #fleeting = 'destroyed';
  #fleetingIsOpen = false;

  /** @param {string} masterUrl */
  constructor(masterUrl) {
    this.#client = new SlapClient({ masterUrl });
  }

  /** @returns {readonly AskedWish[]} */
  get all() {
    return [...this.#asked.values()];
  }

  /** The state that every Software Release is wanted in, by its URL. @returns {ReadonlyMap<string, string>} */
  get supplies() {
    return new Map([
      ...RELEASES.map((name) => this.#supplied(name, 'available')),
      this.#supplied(FLEETING, this.#fleeting),
    ]);
  }

  /** @param {Wish} wish */
  async request(wish) {
    const before = this.#asked.get(wish.name);
    this.#asked.set(wish.name, { ...wish, answer: 'open' });
    const { name, release, state, shared, n } = wish;
    try {
      await this.#client.registerOpenOrder().request(
        {
          softwareReleaseUrl: releaseUrl(release),
          partitionReference: name,
          parameters: { n: String(n) },
          state,
          shared,
        },
        { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) },
      );
      this.#asked.set(name, { ...wish, answer: 'granted' });
    } catch (error) {
      if (isSlapError(error) && error.status === NO_PLACE_STATUS) {
        // What is there already is changed, never refused: so there is nothing, as before.
        this.#asked.set(name, { ...wish, answer: 'refused', before });
      } else if (!isExpected(error)) throw error;
    }
  }

  /** @param {'available' | 'destroyed'} state */
  async supplyFleeting(state) {
    this.#fleeting = state;
    this.#fleetingIsOpen = !(await this.#supply(FLEETING, state));
  }

  /** @param {number} partition */
  async bang(partition) {
    try {
      await this.#client
        .registerComputerPartition(COMPUTER_ID, partitionId(partition))
        .bang('the torture', { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
    } catch (error) {
      if (!isExpected(error)) throw error;
    }
  }

  /** Supplies what instances are made of. */
  async begin() {
    for (const name of RELEASES) {
      if (!(await this.#supply(name, 'available'))) throw new Error('The master does not take the supply.');
    }
  }

  /** Asks again for all to which no answer came, and for what may have found its place by now. */
  async askAgain() {
    for (const wish of this.all) if (wish.answer === 'open') await this.request(wish);
    if (this.#fleetingIsOpen) await this.supplyFleeting(/** @type {'available' | 'destroyed'} */ (this.#fleeting));
    const open = this.all.find(({ answer }) => answer === 'open');
    if (open !== undefined) throw new Error(`The master is well, and does not answer the request of ${open.name}.`);
  }

  /** A shared instance goes with its host (spec: proxy §5.6): who wants it asks for it once more. */
  async askForGuestsAgain() {
    for (const wish of this.all) {
      if (wish.shared && wish.answer === 'granted' && wish.state !== 'destroyed') await this.request(wish);
    }
  }

  async close() {
    await this.#client[Symbol.asyncDispose]();
  }

  /** @param {string} name @param {string} state @returns {[string, string]} */
  #supplied(name, state) {
    return [releaseUrl(name), state];
  }

  /** @param {string} name @param {'available' | 'destroyed'} state */
  async #supply(name, state) {
    try {
      const supply = { softwareReleaseUrl: releaseUrl(name), computerId: COMPUTER_ID, state };
      await this.#client.registerSupply().supply(supply, { signal: AbortSignal.timeout(CALL_TIMEOUT_MS) });
      return true;
    } catch (error) {
      if (!isExpected(error)) throw error;
      return false;
    }
  }
}

/** A master that is killed, or has no room on its disk, may not answer. @param {unknown} error */
function isExpected(error) {
  if (error instanceof DOMException) return true;
  return isSlapError(error) && (error.code === 'SLAP_CONNECTION_FAILED' || (error.status ?? 0) >= 500);
}
