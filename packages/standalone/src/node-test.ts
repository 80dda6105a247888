import { SoftwareTestBed, type SoftwareTestOptions } from './kit/software-test-bed.js';
import type { StandaloneOptions } from './configuration/options.js';
import { type StandaloneNode, startStandalone } from './node/standalone-node.js';
import { type EmbeddedProxy, type EmbeddedProxyOptions, startEmbeddedProxy } from './proxy/embedded-proxy.js';

/** What can run something at the end: the context of a test or suite of `node:test`, or `{ after }` of that module. */
export interface Cleanup {
  after(action: () => Promise<void>): void;
}

/** A mini-master that ends with the test. */
export async function useEmbeddedProxy(cleanup: Cleanup, options: EmbeddedProxyOptions = {}): Promise<EmbeddedProxy> {
  return endingWith(cleanup, await startEmbeddedProxy(options));
}

/** A node that ends with the test. */
export async function useStandalone(cleanup: Cleanup, options: StandaloneOptions = {}): Promise<StandaloneNode> {
  return endingWith(cleanup, await startStandalone(options));
}

/** A node on which a Software Release is built, that ends with the test, which fails when something is left behind. */
export async function useSoftware(cleanup: Cleanup, options: SoftwareTestOptions): Promise<SoftwareTestBed> {
  return endingWith(cleanup, await SoftwareTestBed.start(options));
}

function endingWith<Resource extends AsyncDisposable>(cleanup: Cleanup, resource: Resource): Resource {
  cleanup.after(() => Promise.resolve(resource[Symbol.asyncDispose]()));
  return resource;
}
