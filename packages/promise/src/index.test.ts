import { expect, test } from 'vitest';

import { packageName } from './index.js';

test('the package can be imported', () => {
  expect(packageName).toBe('@slapos/promise');
});
