import { SlapError } from '../errors.js';
import { isPlainObject } from '../wire/values.js';

/** How parameters travel: each as a text of its own, or all as JSON in the one parameter `_` (spec: marshal §7). */
export type Serialisation = 'xml' | 'json-in-xml';

/** The parameters in the form in which they are sent (spec: marshal §7). What already is only `_` stays as it is. */
export function serialiseParameters(
  parameters: Readonly<Record<string, unknown>>,
  serialisation: Serialisation,
): Record<string, unknown> {
  const names = Object.keys(parameters);
  if (serialisation === 'xml' || (names.length === 1 && names[0] === '_')) return { ...parameters };
  return { _: jsonText(parameters) };
}

/**
 * The parameters out of the form in which they are sent.
 * @throws SlapError `SLAP_PARAMETERS_INVALID` when `_` is not JSON of an object.
 */
export function deserialiseParameters(
  parameters: Readonly<Record<string, unknown>>,
  serialisation: Serialisation,
): Record<string, unknown> {
  const json = parameters['_'];
  if (serialisation === 'xml' || !Object.hasOwn(parameters, '_')) return { ...parameters };
  let value: unknown;
  try {
    value = typeof json === 'string' ? JSON.parse(json) : json;
  } catch (cause) {
    throw new SlapError('SLAP_PARAMETERS_INVALID', 'The parameter "_" is not JSON.', { cause });
  }
  if (!isPlainObject(value))
    throw new SlapError('SLAP_PARAMETERS_INVALID', 'The JSON of the parameter "_" is not an object.');
  return { ...value };
}

/** JSON in the layout of the Python command: indented by two, ASCII only. */
function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(/[\u007f-\uffff]/g, (unit) => {
    return unit === '\u007f' ? unit : `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
