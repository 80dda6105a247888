import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { marshal } from '@slapos/slap';

export const COMPUTER_ID = 'COMP-BENCH';
const MAX_CLIENTS = 64;

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {string | undefined} etag
 * @property {number} bytes
 */

/**
 * A real proxy process on a database file, and connections to it that stay open. TMPDIR says on which disk.
 *
 * @returns {Promise<{
 *   url: string,
 *   get: (path: string, headers?: Record<string, string>) => Promise<Answer>,
 *   post: (path: string, form: Record<string, string>) => Promise<Answer>,
 *   postJson: (path: string, value: unknown) => Promise<Answer>,
 *   rssMegabytes: () => Promise<number>,
 *   port: number,
 *   dispose: () => Promise<void>,
 * }>}
 */
export async function startProxyServer() {
  const folder = await mkdtemp(path.join(tmpdir(), 'slapos-bench-'));
  const child = fork(path.join(import.meta.dirname, 'proxy-process.mjs'), [path.join(folder, 'proxy.db'), COMPUTER_ID]);
  const [{ port }] = /** @type {[{ port: number }]} */ (await once(child, 'message'));
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CLIENTS });

  /**
   * @param {string} method
   * @param {string} target
   * @param {Record<string, string>} headers
   * @param {string} [body]
   * @returns {Promise<Answer>}
   */
  const call = (method, target, headers, body) =>
    new Promise((resolve, reject) => {
      const outgoing = request({ host: '127.0.0.1', port, method, path: target, agent, headers }, (response) => {
        let bytes = 0;
        response.on('data', (/** @type {Buffer} */ chunk) => (bytes += chunk.length));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, etag: response.headers.etag, bytes }));
        response.on('error', reject);
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  return {
    url: `http://127.0.0.1:${port}/`,
    get: (target, headers = {}) => call('GET', target, headers),
    post: async (target, form) => {
      const body = new URLSearchParams(form).toString();
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      };
      const answer = await call('POST', target, headers, body);
      if (answer.status !== 200) throw new Error(`POST ${target} was answered ${answer.status}`);
      return answer;
    },
    postJson: async (target, value) => {
      const body = JSON.stringify(value);
      const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
      const answer = await call('POST', target, headers, body);
      if (answer.status !== 200) throw new Error(`POST ${target} was answered ${answer.status}`);
      return answer;
    },
    rssMegabytes: async () => {
      child.send({});
      const [{ rssBytes }] = /** @type {[{ rssBytes: number }]} */ (await once(child, 'message'));
      return Math.round(rssBytes / 1e6);
    },
    port,
    dispose: async () => {
      agent.destroy();
      child.kill();
      await once(child, 'exit');
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * The form that formats the computer: a tap and two addresses for each partition.
 *
 * @param {number} partitions
 * @param {string} [computerId]
 */
export function descriptionForm(partitions, computerId = COMPUTER_ID) {
  const partitionList = Array.from({ length: partitions }, (_, index) => ({
    reference: `slappart${index}`,
    tap: { name: `slaptap${index}` },
    address_list: [
      { addr: `10.0.${index >> 8}.${index & 255}`, netmask: '255.255.255.255' },
      { addr: `2001:db8::${index.toString(16)}`, netmask: 'ffff:ffff:ffff::' },
    ],
  }));
  const description = {
    reference: computerId,
    address: '10.0.0.254',
    netmask: '255.255.255.0',
    partition_list: partitionList,
  };
  return { computer_id: computerId, xml: marshal(description) };
}

/**
 * The form that requests an instance.
 *
 * @param {string} name
 * @param {string} [softwareType]
 */
export function requestForm(name, softwareType = 'default') {
  return {
    software_release: 'https://sr.example/software/web/software.cfg',
    partition_reference: name,
    partition_parameter_xml: marshal({ _: JSON.stringify({ name, port: 8080, tags: ['a', 'b & c'] }) }),
    filter_xml: marshal({}),
    software_type: softwareType,
    state: marshal(null),
    shared_xml: marshal(false),
  };
}

const FILLING_CLIENTS = 16;

/**
 * Formats the computer and requests an instance for each of its partitions.
 *
 * @param {Awaited<ReturnType<typeof startProxyServer>>} server
 * @param {number} partitions
 */
export async function fillComputer(server, partitions) {
  await server.post('/loadComputerConfigurationFromXML', descriptionForm(partitions));
  let next = 0;
  const client = async () => {
    while (next < partitions) {
      next += 1;
      await server.post('/requestComputerPartition', requestForm(`instance ${next}`));
    }
  };
  await Promise.all(Array.from({ length: FILLING_CLIENTS }, client));
}
