import { deserialiseParameters, isSlapError, type SoftwareReleaseSchema } from '@slapos/slap';

/** What an instance publishes, as people read it: JSON in `_` is shown as what it is (spec: cli §4.2). */
export async function decodedConnection(
  published: Readonly<Record<string, unknown>>,
  schema: SoftwareReleaseSchema,
): Promise<Readonly<Record<string, unknown>>> {
  if (!Object.hasOwn(published, '_')) return published;
  const serialisation = await schema.getSerialisation();
  try {
    return deserialiseParameters(published, serialisation);
  } catch (error) {
    if (!isSlapError(error, 'SLAP_PARAMETERS_INVALID')) throw error;
    return published;
  }
}
