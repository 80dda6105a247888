import { describe, expect, it } from 'vitest';
import { readArray, readScalar, readStruct } from './read-value.js';

const MEMBERS = { name: 'string', pid: 'number', inuse: 'boolean' } as const;

describe('readStruct', () => {
  it('keeps the members that were asked for', () => {
    expect(readStruct({ name: 'a', pid: 3, inuse: true, more: [] }, MEMBERS, 'x')).toEqual({
      name: 'a',
      pid: 3,
      inuse: true,
    });
  });

  it.each([
    [undefined, 'x: expected a structure, found nothing'],
    [[], 'x: expected a structure, found an array'],
    ['text', 'x: expected a structure, found a string'],
    [{ name: 'a', inuse: true }, 'x.pid: expected a number, found nothing'],
    [{ name: 'a', pid: '3', inuse: true }, 'x.pid: expected a number, found a string'],
    [{ name: {}, pid: 3, inuse: true }, 'x.name: expected a string, found a structure'],
  ])('refuses %j', (value, message) => {
    expect(() => readStruct(value, MEMBERS, 'x')).toThrow(new TypeError(message));
  });

  it('takes no member from what every object inherits', () => {
    expect(() => readStruct({}, { toString: 'string' }, 'x')).toThrow('x.toString: expected a string, found nothing');
  });
});

describe('readArray', () => {
  it('says which item is wrong', () => {
    const readNames = (value: unknown): string[] =>
      readArray(value, (item, place) => readScalar(item, 'string', place), 'names');
    expect(readNames(['a', 'b'])).toEqual(['a', 'b']);
    expect(() => readNames(['a', 7])).toThrow(new TypeError('names[1]: expected a string, found a number'));
    expect(() => readNames('a')).toThrow(new TypeError('names: expected an array, found a string'));
  });
});
