import { describe, expect, test } from 'vitest';

import { parseLsbRelease, parseOsRelease } from './platform.js';

describe('a distribution', () => {
  test.each([
    ['by itself', 'ID=debian\nVERSION_ID="12"\nVERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\n', 'bookworm'],
    ['with its name in brackets only', 'ID="debian"\nVERSION_ID="12"\nVERSION="12 (Blue Onyx)"\n', 'Blue Onyx'],
    ['with its name after a comma', 'ID=debian\nVERSION_ID=12\nVERSION="12.5 LTS, Trusty Tahr"\n', 'Trusty Tahr'],
    ['with the name of what it was made of', 'ID=debian\nVERSION_ID=12\nUBUNTU_CODENAME=jammy\n', 'jammy'],
    ['that says that it has none', 'ID=debian\nVERSION_ID=12\nVERSION="12 (Container)"\nVERSION_CODENAME=""\n', ''],
    ['of which nothing more is known', 'ID=debian\nVERSION_ID=12\nVERSION="12"\n', ''],
  ])('%s', (_what, text, codename) => {
    expect(parseOsRelease(text)).toEqual(['debian', '12', codename]);
  });

  test.each([
    ['ol', 'oracle'],
    ['opensuse-leap', 'opensuse'],
    ['fedora', 'fedora'],
  ])('%s is known as %s', (id, known) => {
    expect(parseOsRelease(`ID="${id}"\nVERSION_ID="9.3"\n`)).toEqual([known, '9.3', '']);
  });

  test('is asked of lsb_release when there is no file', () => {
    const text =
      'No LSB modules are available.\nDistributor ID:\tUbuntu\nDescription:\tUbuntu 12.04 LTS\nRelease:\t12.04\nCodename:\tprecise\n';
    expect(parseLsbRelease(text)).toEqual(['ubuntu', '12.04', 'precise']);
    expect(parseLsbRelease('')).toEqual(['', '', '']);
  });
});
