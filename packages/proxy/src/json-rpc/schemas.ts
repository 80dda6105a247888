import { JSON_RPC_METHODS, type JsonRpcMethodName } from '@slapos/slap';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';

import { schemaProblem } from './schema-problem.js';

/** A JSON schema as it is published. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The two schemas of a method. */
export interface MethodSchemas {
  readonly request: JsonSchema;
  readonly response: JsonSchema;
}

/** Says what is wrong with a value, in the words of the Python proxy; `undefined` when nothing is. */
export type Checker = (value: unknown) => string | undefined;

/** The names of all methods, without `slapos.`. */
export const METHOD_NAMES = Object.keys(JSON_RPC_METHODS) as JsonRpcMethodName[];

/** What a request that is not ready yet is answered (spec: proxy §8). */
const NOT_READY_SCHEMA: JsonSchema = {
  type: 'object',
  properties: {
    message: { type: 'string' },
    name: { type: 'string', const: 'SoftwareInstanceNotReady' },
    status: { type: 'integer', const: 102 },
  },
  required: ['message', 'name', 'status'],
  additionalProperties: false,
};

/** The schemas of a method as JSON schema of draft 2020-12: made from those of the client, so that the two never differ. */
export function methodSchemas(method: JsonRpcMethodName): MethodSchemas {
  const { request, response } = JSON_RPC_METHODS[method];
  const answer = jsonSchemaOf(response, 'output');
  return {
    request: jsonSchemaOf(request, 'input'),
    response: method === 'post.v0.software_instance' ? { anyOf: [answer, NOT_READY_SCHEMA] } : answer,
  };
}

/** Compiles the schemas of each method once, when it is first called: most proxies never hear of most methods. */
export class MethodCheckers {
  readonly #ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, logger: false });
  readonly #compiled = new Map<JsonRpcMethodName, { readonly request: Checker; readonly response: Checker }>();

  of(method: JsonRpcMethodName): { readonly request: Checker; readonly response: Checker } {
    let checkers = this.#compiled.get(method);
    if (checkers === undefined) {
      const { request, response } = methodSchemas(method);
      checkers = { request: this.#compile(request), response: this.#compile(response) };
      this.#compiled.set(method, checkers);
    }
    return checkers;
  }

  #compile(schema: JsonSchema): Checker {
    const validate = this.#ajv.compile(schema);
    return (value) => (validate(value) ? undefined : schemaProblem(validate.errors ?? []));
  }
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...plain } = z.toJSONSchema(schema, {
    io,
    // The dictionaries of parameters are checked by a function.
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'custom') jsonSchema.type = 'object';
    },
  });
  return plain;
}
