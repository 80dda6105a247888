import {
  type CallOptions,
  createSlapConsole,
  type InstanceRequest,
  type SlapClient,
  type SlapConsole,
} from '@slapos/slap';

/** What a request of the console says beside release and name. */
export interface ConsoleRequestOptions
  extends Omit<Partial<InstanceRequest>, 'softwareReleaseUrl' | 'partitionReference'> {
  readonly signal?: AbortSignal | undefined;
}

/** A release, also one that is still being looked up: `product.kvm`. */
type Release = string | PromiseLike<string>;

/** What a console offers by name. */
export interface ConsoleNames {
  readonly slap: SlapClient;
  /** `await request(product.kvm, 'my-kvm', { parameters: { … } })` */
  readonly request: (
    softwareRelease: Release,
    reference: string,
    options?: ConsoleRequestOptions,
  ) => ReturnType<SlapConsole['request']>;
  /** `await supply(product.kvm, 'COMP-1234')` */
  readonly supply: (softwareRelease: Release, computerId: string, state?: string) => Promise<void>;
  readonly getInformation: (reference: string) => ReturnType<SlapConsole['getInformation']>;
  /** `await product.kvm` is the URL of the best release. */
  readonly product: Readonly<Record<string, Promise<string>>>;
}

/** The names of the console, bound to one client (spec: cli §4.7). */
export function consoleNames(slap: SlapClient): ConsoleNames {
  const library = createSlapConsole(slap);
  const products: Readonly<Record<string, Promise<string>>> = {};
  return {
    slap,
    request: async (softwareRelease, reference, options = {}) => {
      const { signal, ...rest } = options;
      const call: CallOptions = signal === undefined ? {} : { signal };
      return library.request(
        { ...rest, softwareReleaseUrl: await softwareRelease, partitionReference: reference },
        call,
      );
    },
    supply: async (softwareRelease, computerId, state = 'available') =>
      library.supply({ softwareReleaseUrl: await softwareRelease, computerId, state }),
    getInformation: (reference) => library.getInformation(reference),
    product: new Proxy(products, {
      get: (_target, name) =>
        // What awaits or prints an object asks it for more than names of products.
        typeof name === 'symbol' || ['then', 'toJSON', 'constructor', 'inspect'].includes(name)
          ? undefined
          : library.product.get(name),
    }),
  };
}
