import { formatProblems, type SoftwareReleaseSchema } from '@slapos/slap';
import type { CommandLog } from '../output/log.js';

/** Its schema describes something else than what it takes, and always has. */
const NOT_CHECKED = 'http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg';

/** Warns of what is wrong with parameters; the request is sent all the same (spec: cli §4.2). */
export async function warnOfProblems(
  schema: SoftwareReleaseSchema,
  parameters: Readonly<Record<string, unknown>>,
  logger: CommandLog,
): Promise<void> {
  if (schema.softwareReleaseUrl === NOT_CHECKED) return;
  try {
    const { problems } = await schema.checkInstanceParameters(parameters);
    if (problems.length === 0) return;
    logger.warn(`Request parameters do not validate against schema definition:\n${formatProblems(problems, '  ')}`);
  } catch (error) {
    const why = error instanceof Error ? `${error.name} ${error.message}` : String(error);
    logger.warn(`Error validating request parameters against schema definition:\n${why}`);
  }
}
