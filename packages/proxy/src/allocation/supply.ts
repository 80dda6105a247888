import type { StoreWriter } from '../store/proxy-store.js';
import type { SoftwareRecord } from '../store/records.js';

/** Supplies a computer with a Software Release, or asks it to remove it. */
export async function supplySoftware(writer: StoreWriter, software: SoftwareRecord): Promise<void> {
  const { url: softwareReleaseUrl, computerId, requestedState: state } = software;
  await writer.supply(software);
  await writer.addEvent({ kind: 'software.supplied', computerId, softwareReleaseUrl, state });
}

/** Forgets a Software Release that a node has removed. */
export async function removeSoftware(
  writer: StoreWriter,
  { url, computerId }: Omit<SoftwareRecord, 'requestedState'>,
): Promise<void> {
  const wasThere = (await writer.softwareOf(computerId)).some((software) => software.url === url);
  await writer.removeSoftware(url, computerId);
  if (wasThere) await writer.addEvent({ kind: 'software.removed', computerId, softwareReleaseUrl: url });
}
