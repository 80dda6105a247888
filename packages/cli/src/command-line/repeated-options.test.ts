import { expect, it } from 'vitest';
import { keepLastOfEach } from './repeated-options.js';

const OPTIONS = [
  { name: 'cfg', type: 'option' },
  { name: 'message', char: 'm', type: 'option' },
  { name: 'only-cp', aliases: ['only'], type: 'option' },
  { name: 'node', type: 'option', multiple: true },
  { name: 'force', type: 'boolean' },
] as const;

it.each([
  ['--cfg a --cfg b', '--cfg b'],
  ['--cfg=a x --cfg b y', 'x --cfg b y'],
  ['-m a -mb --message=c', '--message=c'],
  ['-ma -mb', '-mb'],
  ['--only a --only-cp b', '--only-cp b'],
  ['--node a=1 --node b=2', '--node a=1 --node b=2'],
  ['--force --force', '--force --force'],
  ['--message --cfg --cfg b', '--message --cfg --cfg b'],
  ['--cfg a -- --cfg b', '--cfg a -- --cfg b'],
  ['--cfg a --cfg', '--cfg'],
  ['a --unknown b', 'a --unknown b'],
])('%j is %j', (typed, kept) => {
  expect(keepLastOfEach(typed.split(' '), OPTIONS).join(' ')).toBe(kept);
});
