import { test as base, type TestAPI } from 'vitest';
import { toBeInState, toHavePassingPromises, toHavePublished, toHaveServices } from './kit/matchers.js';
import { SoftwareTestBed, type SoftwareTestOptions, type SoftwareTestRequest } from './kit/software-test-bed.js';
import type { StandaloneInstance } from './node/instance.js';
import type { StandaloneOptions } from './configuration/options.js';
import { type StandaloneNode, startStandalone } from './node/standalone-node.js';
import { type EmbeddedProxy, type EmbeddedProxyOptions, startEmbeddedProxy } from './proxy/embedded-proxy.js';

/** What tests of {@link proxyTest} get. */
export interface ProxyFixtures {
  /** A mini-master of the test's own. */
  readonly proxy: EmbeddedProxy;
}

/** What tests of {@link standaloneTest} get. */
export interface StandaloneFixtures {
  /** A node that the tests of a file share. */
  readonly node: StandaloneNode;
}

/** What tests of {@link softwareTest} get; the tests of a file share all of it. */
export interface SoftwareFixtures {
  readonly bed: SoftwareTestBed;
  readonly node: StandaloneNode;
  /** The instance, deployed, its promises passing. */
  readonly instance: StandaloneInstance;
}

/** vitest's `test` with a mini-master for each test. */
export function proxyTest(options: EmbeddedProxyOptions = {}): TestAPI<ProxyFixtures> {
  return base.extend<ProxyFixtures>({
    proxy: async ({}, use) => {
      await using proxy = await startEmbeddedProxy(options);
      await use(proxy);
    },
  });
}

/** vitest's `test` with a node for each file. Give `testTimeout` and `hookTimeout` room: a node takes half a second, a build minutes. */
export function standaloneTest(options: StandaloneOptions = {}): TestAPI<StandaloneFixtures> {
  return base.extend<{ $file: StandaloneFixtures }>({
    node: [
      async ({}, use) => {
        await using node = await startStandalone(options);
        await use(node);
      },
      { scope: 'file' },
    ],
  }) as TestAPI<StandaloneFixtures>;
}

/**
 * vitest's `test` for a Software Release: built once for a file, one instance requested, all of it destroyed at the end and looked through
 * for what was left behind. Logs and files are kept after a failure, where the options name a folder.
 */
export function softwareTest(
  options: SoftwareTestOptions & { readonly instance?: SoftwareTestRequest | undefined },
): TestAPI<SoftwareFixtures> {
  const { instance: request, ...others } = options;
  return base.extend<{ $file: SoftwareFixtures; $test: { readonly snapshotOnFailure: undefined } }>({
    bed: [
      async ({}, use) => {
        await using bed = await SoftwareTestBed.start(others);
        await use(bed);
      },
      { scope: 'file' },
    ],
    node: [({ bed }, use) => use(bed.node), { scope: 'file' }],
    instance: [async ({ bed }, use) => use(await bed.request(request)), { scope: 'file' }],
    snapshotOnFailure: [
      async ({ bed, task, onTestFailed }, use) => {
        onTestFailed(async () => {
          await bed.keepSnapshot(task.name);
        });
        await use(undefined);
      },
      { auto: true },
    ],
  }) as TestAPI<SoftwareFixtures>;
}

/** Matchers for `expect.extend`: what is seen of the instance is in the message. */
export const slaposMatchers = { toBeInState, toHavePassingPromises, toHavePublished, toHaveServices };

declare module 'vitest' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars -- an augmentation has the parameters of what it adds to
  interface Matchers<T> {
    /** Passes when the master wants the instance in this state. To be awaited. */
    toBeInState(state: string): Promise<void>;
    /** Passes when the instance has promises, and the last result of each is good. To be awaited. */
    toHavePassingPromises(): Promise<void>;
    /** Passes when the instance has published a connection parameter of this name. To be awaited. */
    toHavePublished(name: string): Promise<void>;
    /** Passes when the instance has services, and all of them are in this state of the supervisor. To be awaited. */
    toHaveServices(stateName: string): Promise<void>;
  }
}
