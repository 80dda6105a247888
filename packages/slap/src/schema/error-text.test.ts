import { describe, expect, test } from 'vitest';

import { formatProblems, problemsOf } from './error-text.js';
import { compileSchema } from './validator.js';

const reader = async (url: string): Promise<unknown> => {
  throw new Error(`nothing to read at ${url}`);
};

async function problems(schema: object, value: unknown) {
  const validate = await compileSchema(schema, reader, { useDefaults: false });
  expect(validate(value)).toBe(false);
  return formatProblems(problemsOf(validate.errors ?? []));
}

describe('what is wrong, in the words of Python’s validator', () => {
  test.each<[object, unknown, string]>([
    [{ type: ['string', 'null'] }, 5, "$: 5 is not of type 'string', 'null'"],
    [{ const: 'a' }, 'b', "$: 'a' was expected"],
    [{ maximum: 3 }, 4, '$: 4 is greater than the maximum of 3'],
    [{ exclusiveMaximum: 3 }, 3, '$: 3 is greater than or equal to the maximum of 3'],
    [{ exclusiveMinimum: 3 }, 3, '$: 3 is less than or equal to the minimum of 3'],
    [{ multipleOf: 2 }, 3, '$: 3 is not a multiple of 2'],
    [{ minLength: 2 }, 'a', "$: 'a' is too short"],
    [{ minItems: 1 }, [], '$: [] is too short'],
    [{ maxItems: 1 }, [1, 2], '$: [1, 2] is too long'],
    [{ uniqueItems: true }, [1, 1], '$: [1, 1] has non-unique elements'],
    [{ minProperties: 1 }, {}, '$: {} does not have enough properties'],
    [{ maxProperties: 0 }, { a: 1 }, "$: {'a': 1} has too many properties"],
    [{ not: { type: 'null' } }, null, '$: None should not be valid under the given schema'],
    [{ contains: { type: 'null' } }, [1], '$: [1] does not contain items matching the given schema'],
    [{ dependencies: { a: ['b'] } }, { a: 1 }, "$: 'b' is a dependency of 'a'"],
    [{ properties: { a: false } }, { a: 1 }, '$.a: False schema does not allow 1'],
    [{ oneOf: [{ type: 'number' }, { type: 'integer' }] }, 1, '$: 1 is valid under more than one of the given schemas'],
    [{ properties: { 'a b': { type: 'null' } } }, { 'a b': 1 }, "$['a b']: 1 is not of type 'null'"],
    [{ items: { type: 'null' } }, [null, 1], "$[1]: 1 is not of type 'null'"],
    [
      { anyOf: [{ type: 'null' }] },
      1,
      "$: 1 is not valid under any of the given schemas\n  $: 1 is not of type 'null'",
    ],
    [{ enum: [1] }, 'x'.repeat(500), `$: '${'x'.repeat(199)}… is not one of [1]`],
  ])('%j', async (schema, value, expected) => {
    expect(await problems(schema, value)).toBe(expected);
  });

  test('what is wrong under a choice is its context, also where a branch is a reference', async () => {
    const schema = {
      definitions: { port: { type: 'integer' }, both: { oneOf: [{ $ref: '#/definitions/port' }, { const: 'auto' }] } },
      required: ['name'],
      properties: {
        name: { type: 'string' },
        port: { anyOf: [{ $ref: '#/definitions/both' }, { type: 'null' }] },
      },
    };
    expect(await problems(schema, { port: 'x' })).toBe(
      [
        "$: 'name' is a required property",
        "$.port: 'x' is not valid under any of the given schemas",
        "  $.port: 'x' is not valid under any of the given schemas",
        "    $.port: 'x' is not of type 'integer'",
        "    $.port: 'auto' was expected",
        "  $.port: 'x' is not of type 'null'",
      ].join('\n'),
    );
  });

  test.each<[object, unknown, string]>([
    [{ type: 'string' }, 1, "$: 1 is not of type 'string'"],
    [{ properties: { port: { required: true } } }, {}, "$: 'port' is a required property"],
    [{ divisibleBy: 2 }, 3, '$: 3 is not a multiple of 2'],
    [{ extends: { type: 'string' } }, 1, "$: 1 is not of type 'string'"],
    [{ extends: [{ type: 'any' }, { type: 'string' }] }, 1, "$: 1 is not of type 'string'"],
    [{ disallow: 'string' }, 'a', "$: 'a' should not be valid under the given schema"],
    [{ disallow: ['string', 'null'] }, 'a', "$: 'a' should not be valid under the given schema"],
    [{ dependencies: { a: 'b' } }, { a: 1 }, "$: 'b' is a dependency of 'a'"],
    [{ items: { type: 'null' }, required: true }, [1], "$[0]: 1 is not of type 'null'"],
    [
      { type: ['null', { properties: { a: { type: 'null', required: true } } }] },
      {},
      "$: {} is not valid under any of the given schemas\n  $: {} is not of type 'null'\n  $: 'a' is a required property",
    ],
    [
      { patternProperties: { '^a': { type: 'null' } }, additionalProperties: false },
      { ab: 1 },
      "$.ab: 1 is not of type 'null'",
    ],
  ])('draft 3: %j', async (schema, value, expected) => {
    expect(await problems({ $schema: 'http://json-schema.org/draft-03/schema#', ...schema }, value)).toBe(expected);
  });

  test('what a schema of draft 3 refers to is of draft 3, too', async () => {
    const far: typeof reader = async () => ({ properties: { a: { required: true } } });
    const schema = { $schema: 'http://json-schema.org/draft-03/schema#', id: 'http://a/x', $ref: 'http://a/far' };
    const validate = await compileSchema(schema, far, { useDefaults: false });
    expect(validate({})).toBe(false);
    expect(formatProblems(problemsOf(validate.errors ?? []))).toBe("$: 'a' is a required property");
  });

  test.each([
    'http://json-schema.org/draft-04/schema#',
    'http://json-schema.org/draft-06/schema#',
    'http://json-schema.org/draft-07/schema#',
    'https://json-schema.org/draft/2019-09/schema',
    'https://json-schema.org/draft/2020-12/schema',
  ])('draft %s', async ($schema) => {
    expect(await problems({ $schema, type: 'string' }, 1)).toBe("$: 1 is not of type 'string'");
  });

  test('a keyword with a value that makes no sense, and a reference to nowhere, make a schema unusable', async () => {
    for (const $schema of [3, 4].map((draft) => `http://json-schema.org/draft-0${String(draft)}/schema#`)) {
      const wrong = compileSchema({ $schema, maxLength: 'long' }, reader, { useDefaults: false });
      await expect(wrong).rejects.toMatchObject({ code: 'SLAP_SCHEMA_UNUSABLE' });
    }
    const lost = compileSchema({ $ref: 'https://a.invalid/x.json' }, reader, { useDefaults: false });
    await expect(lost).rejects.toMatchObject({ code: 'SLAP_SCHEMA_UNUSABLE' });
  });
});
