import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAnswer } from './read-answer.js';
import { readCall } from './read-call.js';
import type { RpcValue } from './values.js';
import { writeAnswer } from './write-answer.js';
import { writeCall } from './write-call.js';

const recorded = path.resolve(import.meta.dirname, '../../test/fixtures/supervisor-wire');
/** What XML 1.0 can hold; it reads every end of a line as a newline. */
const text = fc
  .string({ unit: 'binary' })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML forbids
  .filter((each) => !/[\u0000-\u0008\u000b-\u001f\ufffe\uffff]/.test(each));
const { value } = fc.letrec<{ value: RpcValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    fc.boolean(),
    fc.integer(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3, noNullPrototype: false }),
  ),
}));

/** Structs are read without a prototype. */
function plain(found: unknown): unknown {
  return JSON.parse(JSON.stringify(found));
}

it('reads back every call and every answer that it writes', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 3 }), (parameters) => {
      const call = readCall(writeCall('supervisor.method', parameters));
      expect(call.method).toBe('supervisor.method');
      expect(plain(call.parameters)).toEqual(plain(parameters));
      for (const parameter of parameters) {
        expect(plain(readAnswer(writeAnswer(parameter)))).toEqual({ kind: 'value', value: plain(parameter) });
      }
    }),
  );
});

it('writes calls that mean what recorded ones mean', async () => {
  const names = (await readdir(recorded)).filter((name) => name.endsWith('.request.xml'));
  expect(names.length).toBeGreaterThan(5);
  for (const name of names) {
    const call = readCall(await readFile(path.join(recorded, name), 'utf8'));
    expect(readCall(writeCall(call.method, call.parameters))).toEqual(call);
  }
});
