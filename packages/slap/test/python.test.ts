import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { marshal, pythonFloatText, pythonRepr, unmarshal } from '../src/index.js';
import { marshalInput } from './arbitrary-values.js';

const VALUES = 10_000;
const MAX_OUTPUT_BYTES = 512 * 1024 * 1024;

function python(program: readonly string[], lines: readonly unknown[]): unknown[] {
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const result = spawnSync('python3', program, { input, encoding: 'utf8', maxBuffer: MAX_OUTPUT_BYTES });
  if (result.error !== undefined)
    throw new Error('These tests need python3: apt-get install python3', { cause: result.error });
  expect(result.stderr).toBe('');
  return result.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

/** Values whose keys are texts or numbers that Python can compare; sets keep their order on both sides. */
const values = fc.sample(marshalInput, { numRuns: VALUES, seed: 20_261_123 });

test(`${String(VALUES)} values go to Python and back byte for byte`, { timeout: 120_000 }, () => {
  const documents = values.map((value) => marshal(unmarshal(marshal(value))));
  const answers = python(
    [fileURLToPath(new URL('./python-reference.py', import.meta.url))],
    documents.map((xml) => ({ xml })),
  ) as { xml: string }[];
  expect(answers).toHaveLength(VALUES);
  answers.forEach(({ xml }, index) => {
    if (xml !== documents[index]) expect(xml).toBe(documents[index]);
    if (marshal(unmarshal(xml)) !== xml) expect(marshal(unmarshal(xml))).toBe(xml);
  });
});

test('floats have the text of Python’s repr', () => {
  const floats = [
    ...fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: VALUES, seed: 1 }),
    1e16,
    1e-5,
    123_456_789_012_345_680,
    5e-324,
  ];
  const answers = python(
    ['-c', 'import sys, json\nfor line in sys.stdin: print(json.dumps(repr(float(json.loads(line)))))'],
    floats.map((float) => (Object.is(float, -0) ? '-0.0' : String(float))),
  );
  expect(floats.map(pythonFloatText)).toEqual(answers);
});

test('texts, lists and dictionaries have the text of Python’s repr', () => {
  // Characters whose nature no version of Unicode changed: Python and Node.js know different versions.
  const stable: [number, number][] = [
    [0, 0x24f],
    [0x2000, 0x206f],
    [0xe000, 0xe010],
    [0xfff9, 0xfffb],
    [0x1f600, 0x1f610],
    [0xe0001, 0xe0001],
  ];
  const unit = fc.oneof(
    ...stable.map(([min, max]) => fc.integer({ min, max }).map((code) => String.fromCodePoint(code))),
  );
  const text = fc.string({ unit, maxLength: 10 });
  const number = fc.oneof(fc.maxSafeInteger(), fc.double({ min: 1e-9, max: 1e9, noNaN: true, noInteger: true }));
  const json = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.boolean(),
      number,
      text,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(text, tie('value'), { maxKeys: 4 }),
    ),
  })).value;
  const parts = fc
    .sample(fc.oneof(text, json), { numRuns: VALUES, seed: 2 })
    // A JavaScript object puts keys that look like small integers first.
    .filter((value) => !/"\d+":/.test(JSON.stringify(value)));
  const answers = python(
    ['-c', 'import sys, json\nfor line in sys.stdin: print(json.dumps(repr(json.loads(line))))'],
    parts,
  );
  expect(parts.map(pythonRepr)).toEqual(answers);
});
