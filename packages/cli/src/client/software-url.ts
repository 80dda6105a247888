import { isSlapError, type SlapClient } from '@slapos/slap';
import { CliError } from '../errors.js';
import type { CommandLog } from '../output/log.js';

const PRODUCT = 'product.';

/** A Software Release as it is named on the command line: `product.NAME` is the best release of that product (spec: cli §4.1). */
export async function resolveSoftwareUrl(typed: string, client: SlapClient, logger: CommandLog): Promise<string> {
  if (!typed.startsWith(PRODUCT)) return typed;
  logger.info('Getting best Software Release corresponding to this Software Product...');
  try {
    const url = await client.registerSoftwareProducts().get(typed.slice(PRODUCT.length));
    logger.info(`Found as ${url}.`);
    return url;
  } catch (cause) {
    if (!isSlapError(cause) || cause.code !== 'SLAP_NOT_FOUND') throw cause;
    throw new CliError(
      'CLI_INPUT',
      'Error: No Software Release corresponding to this Software Product has been found. Exiting now.',
      { cause },
    );
  }
}
