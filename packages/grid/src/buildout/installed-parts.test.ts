import { describe, expect, it } from 'vitest';

import { isCompleteInstalledList } from './installed-parts.js';

const FIRST_WRITING = `[buildout]
installed_develop_eggs =
parts = egg web server

[egg]
__buildout_installed__ = /srv/x/parts/egg
\t/srv/x/parts/egg-more
__buildout_signature__ = a-1 b-2
recipe = one

[web server]
`;
const COMPLETE = `[buildout]
installed_develop_eggs =
parts = egg web

[egg]
__buildout_installed__ = /srv/x/parts/egg
\t/srv/x/parts/egg-more
__buildout_signature__ = a-1 b-2
recipe = one

[web]
__buildout_installed__ =
__buildout_signature__ = a-1 b-2
recipe = two
`;

describe('the list of installed parts', () => {
  it.each([
    ['written to the end', COMPLETE, true],
    ['with later values appended', `${COMPLETE}\n[buildout]\nparts = egg\n`, true],
    ['of a bootstrap', '[buildout]\nparts =\n', true],
    ['empty', '', false],
    ['without its first section', COMPLETE.slice(COMPLETE.indexOf('[egg]')), false],
    ['with a part that has no section yet', FIRST_WRITING, false],
    ['with an appended value that names a part without a section', `${COMPLETE}\n[buildout]\nparts = egg new\n`, false],
    ['not text of buildout at all', '\0\0\0\n', false],
  ])('%s', (_, text, isComplete) => expect(isCompleteInstalledList(text)).toBe(isComplete));

  it('is incomplete wherever it is cut before the last signature', () => {
    const end = COMPLETE.lastIndexOf('__buildout_signature__');
    for (let length = 0; length < end; length++) expect(isCompleteInstalledList(COMPLETE.slice(0, length))).toBe(false);
  });

  it('is incomplete where a line is cut', () => {
    for (let length = 0; length < COMPLETE.length; length++)
      if (COMPLETE[length - 1] !== '\n') expect(isCompleteInstalledList(COMPLETE.slice(0, length))).toBe(false);
  });
});
