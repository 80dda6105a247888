import { removeSoftware, supplySoftware } from '../../allocation/supply.js';
import { reportAboutRelease } from '../../reports/keep-report.js';
import { requireReadable, type RpcMethods, success } from '../rpc-call.js';
import { requireComputer } from './computer.js';

const IGNORED = 'Ignored';

/** The methods about what computers are supplied with (spec: proxy §8). */
export const softwareReleaseMethods = {
  'post.v0.software_installation': async ({ params, context: { store } }) => {
    requireReadable(params);
    const { software_release_uri: url, computer_guid: computerId, state: requestedState = 'available' } = params;
    await store.write((writer) => supplySoftware(writer, { url, computerId, requestedState }));
    return success(`Supplied ${url} to be ${requestedState}`);
  },

  'allDocs.v0.compute_node_software_installation_list': async ({
    params: { computer_guid: computerId },
    context: { store },
  }) => {
    const releases = await store.read(async (reader) => {
      await requireComputer(reader, computerId);
      return reader.softwareOf(computerId);
    });
    return {
      result_list: releases.map(({ url, requestedState }) => ({ software_release_uri: url, state: requestedState })),
    };
  },

  'put.v0.software_installation_reported_state': async ({ params, context: { store, timestamps } }) => {
    const { software_release_uri: url, computer_guid: computerId, reported_state: kind } = params;
    if (kind === 'destroyed') {
      await store.write((writer) => removeSoftware(writer, { url, computerId }));
      return success('Destroyed');
    }
    const statement = { kind, message: undefined, reportedAt: timestamps.now() };
    await store.write((writer) => reportAboutRelease(writer, { computerId, softwareReleaseUrl: url }, statement));
    return success(IGNORED);
  },

  'put.v0.software_installation_error': async ({ params, context: { store, timestamps } }) => {
    const { software_release_uri: softwareReleaseUrl, computer_guid: computerId, message } = params;
    const statement = { kind: 'error' as const, message, reportedAt: timestamps.now() };
    await store.write((writer) => reportAboutRelease(writer, { computerId, softwareReleaseUrl }, statement));
    return success(IGNORED);
  },
} satisfies Partial<RpcMethods>;
