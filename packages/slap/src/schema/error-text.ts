import type { ErrorObject } from 'ajv';

import { pythonRepr } from '../wire/python-text.js';

/** One thing that is wrong with parameters. */
export interface ParameterProblem {
  /** Where: `$.port`, `$.a[0].b`, `$` for the whole. */
  readonly path: string;
  /** What was found and what was expected, in the words of Python's validator. */
  readonly message: string;
  /** For `anyOf` and `oneOf`: what is wrong under each of the choices. */
  readonly context: readonly ParameterProblem[];
}

const CHOICES: ReadonlySet<string> = new Set(['anyOf', 'oneOf']);
// What fails inside these is not wrong by itself: it is shown as context of a choice, and not at all for `contains`.
const WITH_INNER: ReadonlySet<string> = new Set([...CHOICES, 'contains']);
// These repeat what the errors inside them say.
const ENVELOPES: ReadonlySet<string> = new Set(['if', '$ref', 'propertyNames']);

/** Turns what ajv reports into problems with JSON paths; errors below a choice become its context. */
export function problemsOf(errors: readonly ErrorObject[]): ParameterProblem[] {
  const inner = new Map<ErrorObject, readonly ErrorObject[]>();
  const hidden = new Set<ErrorObject>();
  // From the last to the first: ajv reports what is inside a choice before the choice, so the outermost comes first here.
  for (let at = errors.length - 1; at >= 0; at -= 1) {
    const error = errors[at];
    if (error === undefined || hidden.has(error) || !WITH_INNER.has(error.keyword)) continue;
    const found = errorsInside(errors, at);
    inner.set(error, found);
    for (const one of found) hidden.add(one);
  }
  const shown = errors.filter((error) => !ENVELOPES.has(error.keyword) && !hidden.has(error));
  return withoutDuplicates(
    joinAdditional(shown).map((error) => ({
      path: jsonPath(error.instancePath),
      message: messageOf(error),
      context: CHOICES.has(error.keyword) ? problemsOf(inner.get(error) ?? []) : [],
    })),
  );
}

/** The errors of the branches of the choice at this index: the run before it, also where a branch is a `$ref` to elsewhere. */
function errorsInside(errors: readonly ErrorObject[], at: number): readonly ErrorObject[] {
  const outer = errors[at];
  if (outer === undefined) return [];
  const parent = outer.schemaPath.slice(0, outer.schemaPath.lastIndexOf('/') + 1);
  const isInside = ({ instancePath, schemaPath }: ErrorObject) => {
    const isBelow = instancePath === outer.instancePath || instancePath.startsWith(`${outer.instancePath}/`);
    if (!isBelow || schemaPath.startsWith(`${outer.schemaPath}/`)) return isBelow;
    // A neighbour of the choice in the same schema, unless it is a definition, which only a `$ref` leads to.
    return !schemaPath.startsWith(parent) || /^(?:definitions|\$defs)\//.test(schemaPath.slice(parent.length));
  };
  let start = at;
  for (let before = errors[start - 1]; before !== undefined && isInside(before); before = errors[start - 1]) start -= 1;
  return errors.slice(start, at);
}

/** Problems as lines of text, `PATH: message`, the context indented. */
export function formatProblems(problems: readonly ParameterProblem[], indent = ''): string {
  return problems
    .flatMap(({ path, message, context }) => [
      `${indent}${path}: ${message}`,
      ...(context.length > 0 ? [formatProblems(context, `${indent}  `)] : []),
    ])
    .join('\n');
}

function withoutDuplicates(problems: ParameterProblem[]): ParameterProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, message }) => {
    const key = `${path} ${message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** ajv reports one error for each additional property; Python one for all of an object. */
function joinAdditional(errors: readonly ErrorObject[]): ErrorObject[] {
  const joined = new Map<string, ErrorObject>();
  for (const error of errors) {
    const isAdditional = error.keyword === 'additionalProperties';
    const key = isAdditional
      ? `${error.instancePath} ${error.schemaPath}`
      : `${String(joined.size)} ${error.schemaPath}`;
    const name = param(error, 'additionalProperty');
    const known = joined.get(key);
    if (known === undefined) joined.set(key, isAdditional ? { ...error, params: { names: [name] } } : error);
    else (known.params as { names: unknown[] }).names.push(name);
  }
  return [...joined.values()];
}

function jsonPath(pointer: string): string {
  const steps = pointer.split('/').slice(1);
  return `$${steps
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((step) =>
      /^\d+$/.test(step) ? `[${step}]` : /^[A-Za-z_][\w-]*$/.test(step) ? `.${step}` : `[${pythonRepr(step)}]`,
    )
    .join('')}`;
}

function param(error: ErrorObject, name: string): unknown {
  return (error.params as Record<string, unknown>)[name];
}

type Describe = (found: string, error: ErrorObject) => string;

const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  type: (found, error) => {
    const types = param(error, 'type');
    return `${found} is not of type ${(Array.isArray(types) ? types : [types]).map(pythonRepr).join(', ')}`;
  },
  required: (_found, error) => `${pythonRepr(param(error, 'missingProperty'))} is a required property`,
  dependencies: (_found, error) => dependency(error),
  dependentRequired: (_found, error) => dependency(error),
  additionalProperties: (_found, error) => {
    const names = param(error, 'names') as unknown[];
    const verb = names.length === 1 ? 'was' : 'were';
    return `Additional properties are not allowed (${names.map(pythonRepr).join(', ')} ${verb} unexpected)`;
  },
  enum: (found, error) => `${found} is not one of ${pythonRepr(param(error, 'allowedValues'))}`,
  const: (_found, error) => `${pythonRepr(param(error, 'allowedValue'))} was expected`,
  maxLength: (found) => `${found} is too long`,
  minLength: (found) => `${found} is too short`,
  maxItems: (found) => `${found} is too long`,
  minItems: (found) => `${found} is too short`,
  maxProperties: (found) => `${found} has too many properties`,
  minProperties: (found) => `${found} does not have enough properties`,
  maximum: (found, error) => `${found} is greater than the maximum of ${pythonRepr(param(error, 'limit'))}`,
  minimum: (found, error) => `${found} is less than the minimum of ${pythonRepr(param(error, 'limit'))}`,
  exclusiveMaximum: (found, error) =>
    `${found} is greater than or equal to the maximum of ${pythonRepr(param(error, 'limit'))}`,
  exclusiveMinimum: (found, error) =>
    `${found} is less than or equal to the minimum of ${pythonRepr(param(error, 'limit'))}`,
  multipleOf: (found, error) => `${found} is not a multiple of ${pythonRepr(param(error, 'multipleOf'))}`,
  pattern: (found, error) => `${found} does not match ${pythonRepr(param(error, 'pattern'))}`,
  format: (found, error) => `${found} is not a ${pythonRepr(param(error, 'format'))}`,
  uniqueItems: (found) => `${found} has non-unique elements`,
  anyOf: (found) => `${found} is not valid under any of the given schemas`,
  oneOf: (found, error) =>
    param(error, 'passingSchemas') === null
      ? `${found} is not valid under any of the given schemas`
      : `${found} is valid under more than one of the given schemas`,
  not: (found) => `${found} should not be valid under the given schema`,
  contains: (found) => `${found} does not contain items matching the given schema`,
  'false schema': (found) => `False schema does not allow ${found}`,
};

function dependency(error: ErrorObject): string {
  return `${pythonRepr(param(error, 'missingProperty'))} is a dependency of ${pythonRepr(param(error, 'property'))}`;
}

const LONGEST_VALUE = 200;

function messageOf(error: ErrorObject): string {
  const repr = pythonRepr(error.data);
  const found = repr.length > LONGEST_VALUE ? `${repr.slice(0, LONGEST_VALUE)}…` : repr;
  return DESCRIPTIONS[error.keyword]?.(found, error) ?? error.message ?? error.keyword;
}
