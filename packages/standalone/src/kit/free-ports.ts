import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { StandaloneError } from '../errors.js';

const FIRST_OF_RANGES = 20_000;
const END_OF_RANGES = 30_000;
const TRIES = 10;

/** Ports that nobody else gets until they are released. */
export interface ReservedPorts extends AsyncDisposable {
  /** Consecutive. */
  readonly ports: readonly number[];
  /** Gives them back, for the program that is to listen there. Idempotent. */
  release(): Promise<void>;
}

/** A free TCP port of an address; somebody else may take it before you do: see {@link reserveFreePorts}. Default address `127.0.0.1`. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  await using server = new Listener();
  return await server.listen(host, 0);
}

/**
 * Reserves `count` consecutive free TCP ports until they are released (spec: standalone §6.4).
 * @throws StandaloneError `STANDALONE_NO_PORT`
 */
export async function reserveFreePorts(host = '127.0.0.1', count = 1): Promise<ReservedPorts> {
  let reason: unknown;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const first = randomInt(FIRST_OF_RANGES, END_OF_RANGES - count);
    const listeners: Listener[] = [];
    const release = async (): Promise<void> => {
      for (const listener of listeners.splice(0)) await listener[Symbol.asyncDispose]();
    };
    try {
      for (let offset = 0; offset < count; offset += 1) {
        const listener = new Listener();
        listeners.push(listener);
        await listener.listen(host, first + offset);
      }
      const ports = listeners.map((_, offset) => first + offset);
      return { ports, release, [Symbol.asyncDispose]: release };
    } catch (error) {
      reason = error;
      await release();
    }
  }
  throw new StandaloneError('STANDALONE_NO_PORT', `Can't find port: no ${count} consecutive free ports of ${host}`, {
    hint: 'Check that the address is one of this machine.',
    cause: reason,
  });
}

class Listener implements AsyncDisposable {
  readonly #server: Server = createServer();

  async listen(host: string, port: number): Promise<number> {
    this.#server.listen({ host, port, exclusive: true });
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
