import fc from 'fast-check';

import { MarshalComplex, MarshalFloat, type MarshalInput, MarshalObject, MarshalTuple } from '../src/index.js';

/** Text that XML can carry: no control characters but three, no lone surrogates. */
export const xmlText = fc
  .string({
    unit: fc.oneof(
      fc.constantFrom('<', '>', '&', '"', "'", ']', ';', '\n', '\t', '\r', 'é', '€', '😀'),
      fc.string({ minLength: 1, maxLength: 1 }),
    ),
    maxLength: 12,
  })
  .filter((text) => /^[\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]*$/u.test(text));

const scalar: fc.Arbitrary<MarshalInput> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
  xmlText,
  fc.double().map((value) => new MarshalFloat(value)),
  fc
    .tuple(fc.double({ noNaN: true }), fc.double({ noNaN: true }))
    .map(([real, imaginary]) => new MarshalComplex(real, imaginary)),
);

const key: fc.Arbitrary<MarshalInput> = fc.oneof(
  { weight: 8, arbitrary: xmlText },
  { weight: 1, arbitrary: fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeInteger()) },
  { weight: 1, arbitrary: fc.array(xmlText, { maxLength: 2 }).map((items) => new MarshalTuple<MarshalInput>(items)) },
);

const attributeName = fc
  .stringMatching(/^_?[a-z][a-z_]{0,10}$/)
  .filter((name) => !['constructor', 'prototype'].includes(name));

/** Any value that can be written; nothing is shared and nothing contains itself. */
export const marshalInput: fc.Arbitrary<MarshalInput> = fc.letrec<{ value: MarshalInput }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 4 }).map((items) => new MarshalTuple(items)),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
    fc.array(xmlText, { maxLength: 4 }).map((items) => new Set<MarshalInput>(items)),
    fc.tuple(xmlText, xmlText, fc.dictionary(attributeName, tie('value'), { maxKeys: 4 })).map(
      ([computerId, partitionId, attributes]) =>
        new MarshalObject({
          className: 'ComputerPartition',
          initArguments: [computerId, partitionId, null],
          attributes: new Map(Object.entries(attributes)),
        }),
    ),
  ),
})).value;
