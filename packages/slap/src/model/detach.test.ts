import { expect, it } from 'vitest';
import { MarshalFloat } from '../wire/values.js';
import { detached } from './detach.js';

it('copies plain data, and keeps what is more than that', () => {
  const float = new MarshalFloat(1.5);
  const value = {
    text: 'abc',
    list: ['abc', 1, 2n, null, undefined, true],
    map: new Map<unknown, unknown>([['key', { deep: 'text' }]]),
    float,
    bare: Object.assign(Object.create(null) as Record<string, unknown>, { key: 'text' }),
  };
  const copy = detached(value);
  expect(copy).toStrictEqual(value);
  expect(copy.list).not.toBe(value.list);
  expect(copy.map.get('key')).not.toBe(value.map.get('key'));
  expect(copy.float).toBe(float);
  expect(Object.getPrototypeOf(copy.bare)).toBeNull();
});

it('a key that is called __proto__ is one like any other', () => {
  const value = JSON.parse('{"__proto__": {"evil": 1}}') as Record<string, unknown>;
  const copy = detached(value);
  expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
  expect(Object.entries(copy)).toEqual([['__proto__', { evil: 1 }]]);
});
