import { expect, test } from 'vitest';

import { expandTemplate } from './uri-template.js';

const MASTER = 'https://m/h?mode=search{&query,select_list*,limit*,group_by*}';
const MINI_MASTER = 'http://p/h?mode=search&query={query}&select_list={select_list}';

test.each([
  [
    MASTER,
    { query: 'a:"b c"', select_list: ['title', 'x'], limit: 40 },
    'https://m/h?mode=search&query=a%3A%22b%20c%22&select_list=title&select_list=x&limit=40',
  ],
  [
    MINI_MASTER,
    { query: 'a:"b"', select_list: ['title', 'x'] },
    'http://p/h?mode=search&query=a%3A%22b%22&select_list=title,x',
  ],
  ['/{?a,b}', { b: '*!' }, '/?b=%2A%21'],
  ['/{?a}', {}, '/'],
  ['/{a}/{b}', { a: 'é/', b: [] }, '/%C3%A9%2F/'],
  ['/{toString}{&constructor}', {}, '/'],
  ['/{', { a: 1 }, '/{'],
])('%s', (template, values, expected) => {
  expect(expandTemplate(template, values)).toBe(expected);
});
