import { createProxy, type Proxy } from '@slapos/proxy';
import { SlapClient } from '@slapos/slap';
import type { StandaloneLayout } from '../configuration/layout.js';
import type { ResolvedStandaloneOptions } from '../configuration/options.js';
import { PassLog } from './pass-log.js';

/** The mini-master of a node, and the client that talks to it. */
export interface StandaloneMaster extends AsyncDisposable {
  readonly proxy: Proxy;
  readonly client: SlapClient;
  readonly url: string;
  readonly port: number;
}

/**
 * Opens the database of the node and serves it; a port of 0 takes a free one.
 * @throws ProxyError
 */
export async function openMaster(
  layout: StandaloneLayout,
  options: ResolvedStandaloneOptions,
  port: number,
): Promise<StandaloneMaster> {
  const proxy = await createProxy({
    databasePath: layout.database,
    computerId: options.computerId,
    localSoftwareReleaseRoot: options.localSoftwareReleaseRoot,
    ...(options.publicDirectory === undefined ? {} : { publicDirectory: options.publicDirectory }),
    multimaster: options.forward.map((master) => ({
      url: master.masterUrl,
      softwareReleaseUrls: [...master.softwareReleaseUrls],
      keyFile: master.keyFile,
      certFile: master.certFile,
      caFile: master.caFile,
      computerId: master.as?.computerId,
      partitionId: master.as?.partitionId,
    })),
    logger: new PassLog(layout.proxyLog),
  });
  try {
    const address = await proxy.listen({ host: options.listen.host, port });
    const client = new SlapClient({
      masterUrl: address.url,
      masterRestUrl: new URL('hateoas', address.url).href,
    });
    return {
      proxy,
      client,
      ...address,
      async [Symbol.asyncDispose]() {
        await client[Symbol.asyncDispose]();
        await proxy.close();
      },
    };
  } catch (error) {
    await proxy.close();
    throw error;
  }
}
