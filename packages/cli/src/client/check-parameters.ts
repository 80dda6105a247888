import { formatProblems, type ParameterCheck, type SoftwareReleaseSchema } from '@slapos/slap';
import type { CommandLog } from '../output/log.js';
import { explainProblems } from './explain-problems.js';
import type { FileParameters } from './parameters-file.js';

/** Its schema describes something else than what it takes, and always has. */
const NOT_CHECKED = 'http://git.erp5.org/gitweb/slapos.git/blob_plain/HEAD:/software/apache-frontend/software.cfg';

/** What the parameters are, beside the form in which they are sent. */
export interface CheckedParameters {
  /** As they are sent. */
  readonly sent: Readonly<Record<string, unknown>>;
  /** As the user wrote them. */
  readonly document: unknown;
  readonly source?: FileParameters['source'] | undefined;
}

/**
 * Warns of what is wrong with parameters: the sentence that scripts know, then where each thing stands and what was expected
 * (spec: cli §4.2, ux-ideas §13).
 */
export async function warnOfProblems(
  schema: SoftwareReleaseSchema,
  { sent, document, source }: CheckedParameters,
  logger: CommandLog,
): Promise<ParameterCheck['outcome']> {
  if (schema.softwareReleaseUrl === NOT_CHECKED) return 'unchecked';
  try {
    const { outcome, problems } = await schema.checkInstanceParameters(sent);
    if (problems.length === 0) return outcome;
    const parameters = await schema.getInstanceRequestParameterSchema();
    const url = await schema.getInstanceRequestParameterSchemaUrl();
    const explained = await explainProblems(problems, parameters ?? {}, document, source);
    logger.warn(
      [
        `Request parameters do not validate against schema definition:\n${formatProblems(problems, '  ')}`,
        explained,
        `schema: ${url ?? ''} (type ${schema.softwareType})`,
      ].join('\n'),
    );
    return outcome;
  } catch (error) {
    const why = error instanceof Error ? `${error.name} ${error.message}` : String(error);
    logger.warn(`Error validating request parameters against schema definition:\n${why}`);
    return 'unchecked';
  }
}
